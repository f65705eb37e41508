#if defined(_OPENMP) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
/* What GCC makes of a parallel loop asks for threads by these functions, of which this unit has its own: the members of
   a team are parts of a job that the pool of the run does, or without a pool this thread alone. */
typedef void nnc_pool(void (*part)(void *job, int64_t index, int64_t count), void *job, int64_t count);
typedef struct {
    nnc_pool *pool;
    int limit;          /* members of the next team */
    int members, index; /* of the team that this thread works for */
} nnc_team;
typedef struct {
    void (*body)(void *);
    void *data;
} nnc_loop;
#define NNC_OWN __attribute__((visibility("hidden")))
NNC_OWN int omp_get_num_threads(void);
NNC_OWN int omp_get_thread_num(void);
NNC_OWN int omp_get_max_threads(void);
NNC_OWN void GOMP_parallel(void (*body)(void *), void *data, unsigned members, unsigned flags);

#if NNC_PART != 1
static __thread nnc_team nnc_here = {NULL, 1, 1, 0};

int omp_get_num_threads(void) {
    return nnc_here.members;
}

int omp_get_thread_num(void) {
    return nnc_here.index;
}

int omp_get_max_threads(void) {
    return nnc_here.limit;
}

static void nnc_join(void *loop, int64_t index, int64_t count) {
    const nnc_team before = nnc_here;
    nnc_here = (nnc_team){NULL, 1, (int)count, (int)index}; /* a loop within this one is for one thread */
    ((nnc_loop *)loop)->body(((nnc_loop *)loop)->data);
    nnc_here = before;
}

void GOMP_parallel(void (*body)(void *), void *data, unsigned members, unsigned flags) {
    nnc_loop loop = {body, data};
    const int64_t count = members > 0 ? (int64_t)members : nnc_here.limit;
    (void)flags;
    if (count == 1 || nnc_here.pool == NULL) {
        nnc_join(&loop, 0, 1);
    } else {
        nnc_here.pool(nnc_join, &loop, count);
    }
}

static int nnc_begin_team(const nnc_run *run) {
    memcpy(&nnc_here.pool, &run->pool, sizeof run->pool);
    nnc_here.limit = nnc_here.pool == NULL ? 1 : (int)*run->threads;
    return 1;
}

static void nnc_end_team(int before) {
    nnc_here = (nnc_team){NULL, before, 1, 0};
}
#endif
#elif defined(_OPENMP)
#include <omp.h>
static nnc_control nnc_control_before;
#pragma omp threadprivate(nnc_control_before)

/* The number of threads is the run's, and afterwards the caller's again; so is what each of them does with subnormals. */
static int nnc_begin_team(const nnc_run *run) {
    const int before = omp_get_max_threads();
    omp_set_num_threads((int)*run->threads);
#pragma omp parallel
    nnc_control_before = nnc_flush_subnormals();
    return before;
}

static void nnc_end_team(int before) {
#pragma omp parallel
    nnc_set_control(nnc_control_before);
    omp_set_num_threads(before);
}
#else
static int nnc_begin_team(const nnc_run *run) {
    return run == NULL;
}

static void nnc_end_team(int before) {
    (void)before;
}
#endif
