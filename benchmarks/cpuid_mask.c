/* Hides from a process, and from all that it starts, the instruction sets beyond the level of x86-64 in $NNC_CPU.

   Loaded in front of everything by $LD_PRELOAD. The kernel lets the instruction `cpuid` fault, and each fault is answered
   with what the processor says, less the bits in HIDDEN. See arch_prctl(2) and Intel's Software Developer's Manual,
   volume 2, CPUID. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ALLOW_CPUID = 0x1012, BEYOND_ALL = 5 };
enum { EAX, EBX, ECX, EDX };

#define BIT(number) (UINT32_C(1) << (number))

static const struct {
    int level; /* from this level of x86-64 on there are these; BEYOND_ALL: no level has them */
    uint32_t leaf, subleaf, part, bits;
} HIDDEN[] = {
    /* FMA, MOVBE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT */
    {3, 1, 0, ECX, BIT(12) | BIT(22) | BIT(28) | BIT(29)},
    {3, 7, 0, EBX, BIT(3) | BIT(5) | BIT(8)},
    {3, 0x80000001, 0, ECX, BIT(5)},
    /* AVX-512 F, DQ, CD, BW, VL */
    {4, 7, 0, EBX, BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31)},
    /* AVX-512 IFMA, PF, ER; VBMI, VBMI2, VAES, VPCLMULQDQ, VNNI, BITALG, VPOPCNTDQ */
    {BEYOND_ALL, 7, 0, EBX, BIT(21) | BIT(26) | BIT(27)},
    {BEYOND_ALL, 7, 0, ECX, BIT(1) | BIT(6) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14)},
    /* 4VNNIW, 4FMAPS, VP2INTERSECT, AMX-BF16, AVX-512 FP16, AMX-TILE, AMX-INT8 */
    {BEYOND_ALL, 7, 0, EDX, BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25)},
    /* AVX-VNNI, AVX-512 BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10 */
    {BEYOND_ALL, 7, 1, EAX, BIT(4) | BIT(5) | BIT(21) | BIT(23)},
    {BEYOND_ALL, 7, 1, EDX, BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19)},
};

static int level;
static bool masks; /* whether faults come here first */
static struct sigaction theirs; /* what the program, such as a compiler, does about faults */

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

static long allow_cpuid(int allows) { return syscall(SYS_arch_prctl, ALLOW_CPUID, allows); }

static void answer(int number, siginfo_t *information, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (memcmp((const void *)registers[REG_RIP], "\x0f\xa2", 2)) { /* another fault, which comes again */
        masks = false;
        __sigaction(number, &theirs, NULL);
        if (information->si_code <= 0) raise(number); /* was sent by a process, does not come again by itself */
        return;
    }
    uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX], parts[4];
    allow_cpuid(1);
    __cpuid_count(leaf, subleaf, parts[EAX], parts[EBX], parts[ECX], parts[EDX]);
    allow_cpuid(0);
    for (size_t index = 0; index < sizeof HIDDEN / sizeof *HIDDEN; ++index)
        if (HIDDEN[index].level > level && HIDDEN[index].leaf == leaf && (leaf != 7 || HIDDEN[index].subleaf == subleaf))
            parts[HIDDEN[index].part] &= ~HIDDEN[index].bits;
    registers[REG_RAX] = parts[EAX];
    registers[REG_RBX] = parts[EBX];
    registers[REG_RCX] = parts[ECX];
    registers[REG_RDX] = parts[EDX];
    registers[REG_RIP] += 2;
}

/* The C library's functions, but that faults come here first until one is the program's own. */
int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (number != SIGSEGV || !masks) return __sigaction(number, action, old);
    if (old) *old = theirs;
    if (action) theirs = *action;
    return 0;
}

void (*signal(int number, void (*handler)(int)))(int)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

__attribute__((constructor)) static void hide(void)
{
    const char *name = getenv("NNC_CPU");
    if (!name || strncmp(name, "x86-64", 6)) return;
    level = name[6] ? atoi(name + 8) : 1;
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    masks = !__sigaction(SIGSEGV, &action, &theirs) && !allow_cpuid(0);
}
