/* Threads that all compiled programs of a process share: `nnc_fork` has them help with parts of a job.

   Whoever calls it waits for nobody who has not begun: a part that no thread has taken is the caller's own. So a thread
   that sleeps, or that the system lets wait for a processor, costs no time but that of its part. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

typedef void nnc_part(void *job, int64_t index, int64_t count);
typedef void nnc_function(void *record);
void nnc_fork(nnc_part *part, void *job, int64_t count);
void nnc_call_each(nnc_function *function, void *const *records, int64_t count);

enum {
    MOST = 64,             /* parts: one bit each */
    WATCHES = 64,          /* looks for work between two at the clock */
    NANOSECONDS = 200000,  /* that a thread looks for work before it sleeps */
    PATIENCE = 4000,       /* looks at an unfinished part before the caller lends its processor, some 50 µs */
    SETTLED = 1000000,     /* nanoseconds for which threads stay where they have been sent */
    STACK = 8 << 20,       /* bytes of a thread's stack: some systems give less than the tiles of a product take */
    APART = 64             /* bytes, so that what different threads write lies in different lines of the caches */
};

static struct {
    uint64_t open __attribute__((aligned(APART)));    /* a bit for each part that nobody has taken */
    nnc_part *part __attribute__((aligned(APART)));   /* the job; not to be read without having taken a part of it */
    void *job;
    int64_t count;
    int64_t finished __attribute__((aligned(APART))); /* parts that threads have done */
    int64_t sleeping __attribute__((aligned(APART))); /* threads that nobody has called */
    int64_t called;                                   /* and those that have not woken up since */
    int64_t threads __attribute__((aligned(APART)));  /* that there are, the caller's own apart */
    pthread_t members[MOST];
    int64_t processor, moved;                         /* that threads keep off, and since when */
    pthread_mutex_t turn;                             /* whoever has it owns the job */
    pthread_mutex_t bedroom;
    pthread_cond_t wake;
} pool = {.turn = PTHREAD_MUTEX_INITIALIZER, .bedroom = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static bool is_open(void) {
    return __atomic_load_n(&pool.open, __ATOMIC_SEQ_CST) != 0;
}

/* Take a part of the job, the wished one if it is there: threads that keep their parts find them in their caches. */
static bool take(int64_t wish, int64_t *index) {
    uint64_t open = __atomic_load_n(&pool.open, __ATOMIC_RELAXED);
    while (open != 0) {
        *index = open >> wish & 1 ? wish : __builtin_ctzll(open);
        const uint64_t bit = UINT64_C(1) << *index;
        open = __atomic_fetch_and(&pool.open, ~bit, __ATOMIC_ACQ_REL);
        if (open & bit) {
            return true;
        }
    }
    return false;
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Look for work, at first without a rest. */
static void wait_for_work(void) {
    const int64_t end = nanoseconds() + NANOSECONDS;
    do {
        for (int watch = 0; watch < WATCHES; watch++) {
            if (is_open()) {
                return;
            }
            pause_briefly();
        }
    } while (nanoseconds() < end);
    pthread_mutex_lock(&pool.bedroom);
    __atomic_add_fetch(&pool.sleeping, 1, __ATOMIC_SEQ_CST); /* before the last look: see `wake` */
    if (is_open()) {
        __atomic_sub_fetch(&pool.sleeping, 1, __ATOMIC_SEQ_CST);
    } else {
        while (pool.called == 0) {
            pthread_cond_wait(&pool.wake, &pool.bedroom);
        }
        pool.called--;
    }
    pthread_mutex_unlock(&pool.bedroom);
}

/* Let so many threads look for work: those that are awake do, and only who is missing is called, so that threads which
   small jobs do not need go on sleeping. */
static void wake(int64_t wanted) {
    int64_t asleep = __atomic_load_n(&pool.sleeping, __ATOMIC_SEQ_CST); /* who goes to sleep now sees that it is open */
    if (asleep == 0 || pool.threads - asleep >= wanted) {
        return;
    }
    pthread_mutex_lock(&pool.bedroom);
    asleep = pool.sleeping;
    const int64_t missing = wanted - (pool.threads - asleep), calls = missing < asleep ? missing : asleep;
    if (calls > 0) {
        __atomic_sub_fetch(&pool.sleeping, calls, __ATOMIC_SEQ_CST);
        pool.called += calls;
    }
    if (calls == asleep) {
        pthread_cond_broadcast(&pool.wake);
    } else {
        for (int64_t call = 0; call < calls; call++) {
            pthread_cond_signal(&pool.wake);
        }
    }
    pthread_mutex_unlock(&pool.bedroom);
}

static void *work(void *number) {
    const int64_t wish = (int64_t)(intptr_t)number;
    nnc_flush_subnormals(); /* as runs do, whose parts these threads compute */
    for (;;) {
        int64_t index;
        while (take(wish, &index)) {
            pool.part(pool.job, index, pool.count);
            __atomic_add_fetch(&pool.finished, 1, __ATOMIC_RELEASE);
        }
        wait_for_work();
    }
    return NULL;
}

/* Let there be so many threads, if the system has them. They leave signals to the threads that were there before. */
static void start_threads(int64_t wanted) {
    if (pool.threads >= wanted) {
        return;
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    while (pool.threads < wanted) {
        if (pthread_create(&pool.members[pool.threads], &attributes, work, (void *)(intptr_t)(pool.threads + 1)) != 0) {
            break;
        }
        pthread_detach(pool.members[pool.threads]);
        pool.threads++;
        pool.processor = -1;
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Keep the threads off the caller's processor: the system likes to wake a thread where the one that wakes it runs, who
   does not rest, and there it would wait while others idle. */
static void make_way(void) {
    const int64_t processor = sched_getcpu();
    if (processor == pool.processor || processor < 0) {
        return;
    }
    const int64_t now = nanoseconds();
    cpu_set_t others;
    if (now - pool.moved < SETTLED || pthread_getaffinity_np(pthread_self(), sizeof others, &others) != 0) {
        return;
    }
    pool.processor = processor, pool.moved = now;
    CPU_CLR(processor, &others);
    for (int64_t member = 0; member < pool.threads && CPU_COUNT(&others) > 0; member++) {
        pthread_setaffinity_np(pool.members[member], sizeof others, &others);
    }
}

/* Do all parts of a job, which may run at once and in any order. While another caller has the threads, this one does
   without them. */
void nnc_fork(nnc_part *part, void *job, int64_t count) {
    if (count > MOST) {
        count = MOST;
    }
    if (count <= 1 || pthread_mutex_trylock(&pool.turn) != 0) {
        for (int64_t index = 0; index < count; index++) {
            part(job, index, count);
        }
        return;
    }
    start_threads(count - 1);
    make_way();
    pool.part = part, pool.job = job, pool.count = count;
    __atomic_store_n(&pool.finished, 0, __ATOMIC_RELAXED);
    const uint64_t all = count == MOST ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    __atomic_store_n(&pool.open, all - 1, __ATOMIC_SEQ_CST);
    wake(count - 1);
    int64_t index = 0, own = 0;
    do {
        part(job, index, count);
        own++;
    } while (take(index, &index));
    for (int64_t looks = 0; __atomic_load_n(&pool.finished, __ATOMIC_ACQUIRE) < count - own; looks++) {
        if (looks < PATIENCE) {
            pause_briefly();
        } else {
            sched_yield();
        }
    }
    pthread_mutex_unlock(&pool.turn);
}

typedef struct {
    nnc_function *function;
    void *const *records;
    int64_t count;
} nnc_calls;

static void call_some(void *job, int64_t index, int64_t count) {
    const nnc_calls *const calls = job;
    for (int64_t record = index; record < calls->count; record += count) {
        calls->function(calls->records[record]);
    }
}

/* Call a function with each of several records, which may be at once. */
void nnc_call_each(nnc_function *function, void *const *records, int64_t count) {
    nnc_calls calls = {function, records, count};
    nnc_fork(call_some, &calls, count);
}
