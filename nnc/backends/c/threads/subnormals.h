/* While a run computes, what is nearer to 0 than the normal numbers is 0, as in TensorFlow and JAX: processors take up to a
   hundred times as long for it, and the moments of weights whose gradients have become 0 end there. A thread's control
   register says so. */
#if defined(__GNUC__) && defined(__x86_64__)
typedef unsigned nnc_control;

static inline void nnc_set_control(nnc_control control) {
    __builtin_ia32_ldmxcsr(control);
}

static inline nnc_control nnc_flush_subnormals(void) {
    enum { RESULTS = 0x8000, OPERANDS = 0x0040 };
    const nnc_control before = __builtin_ia32_stmxcsr();
    nnc_set_control(before | RESULTS | OPERANDS);
    return before;
}
#elif defined(__GNUC__) && defined(__aarch64__)
typedef unsigned long long nnc_control;

static inline void nnc_set_control(nnc_control control) {
    __asm__ __volatile__("msr fpcr, %0" : : "r"(control) : "memory");
}

static inline nnc_control nnc_flush_subnormals(void) {
    enum { RESULTS_AND_OPERANDS = 1 << 24 };
    nnc_control before;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(before));
    nnc_set_control(before | RESULTS_AND_OPERANDS);
    return before;
}
#else
typedef int nnc_control;

static inline void nnc_set_control(nnc_control control) {
    (void)control;
}

static inline nnc_control nnc_flush_subnormals(void) {
    return 0;
}
#endif
