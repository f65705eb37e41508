/* A slow network between network namespaces: every packet waits, and each sender has so many bits a second.

   slow_link DELAY_MICROSECONDS BITS_PER_SECOND NAMESPACE…   (root; 0 bits: no limit)

   Namespace number k (from 1) has the device nnc0 with the address 10.9.0.k; packets go to the one that their
   destination names. It runs until it is killed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64, ROOM = 1 << 16, LARGEST = 9100 };

struct packet { double due; int target, length; unsigned char bytes[LARGEST]; };

static struct packet *queue; /* a ring: all packets wait equally long, so that they leave in the order they came */
static int first, count;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int device_in(const char *space) {
    char path[256];
    snprintf(path, sizeof path, "/var/run/netns/%s", space);
    int own = open("/proc/self/ns/net", O_RDONLY), other = open(path, O_RDONLY);
    if (own < 0 || other < 0 || setns(other, CLONE_NEWNET)) fail(space);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    strcpy(request.ifr_name, "nnc0");
    if (device < 0 || ioctl(device, TUNSETIFF, &request)) fail("tun");
    if (setns(own, CLONE_NEWNET)) fail("setns");
    close(own);
    close(other);
    return device;
}

int main(int arguments, char **values) {
    if (arguments < 5 || arguments - 3 > MOST) return fprintf(stderr, "usage: slow_link MICROSECONDS BITS NAMESPACE…\n"), 2;
    double delay = atof(values[1]) * 1e-6, rate = atof(values[2]), free_at[MOST] = {0};
    int devices = arguments - 3;
    struct pollfd waits[MOST];
    queue = malloc(sizeof *queue * ROOM);
    if (!queue) fail("malloc");
    for (int i = 0; i < devices; i++) waits[i] = (struct pollfd){device_in(values[3 + i]), POLLIN, 0};
    puts("ready");
    fflush(stdout);
    for (;;) {
        double wait = count ? queue[first].due - now() : 1.0;
        struct timespec pause = {wait > 0 ? (time_t)wait : 0, wait > 0 ? (long)((wait - (double)(time_t)wait) * 1e9) : 0};
        if (ppoll(waits, (nfds_t)devices, &pause, NULL) < 0) fail("poll");
        for (int i = 0; i < devices; i++)
            while (waits[i].revents & POLLIN) {
                struct packet *next = &queue[(first + count) % ROOM];
                ssize_t length = read(waits[i].fd, next->bytes, LARGEST);
                if (length <= 0) break;
                int target = next->bytes[19] - 1;
                if (next->bytes[0] >> 4 != 4 || target < 0 || target >= devices || count == ROOM - 1) continue;
                double begin = now() > free_at[i] ? now() : free_at[i];
                free_at[i] = begin + (rate > 0 ? 8.0 * (double)length / rate : 0.0);
                next->due = free_at[i] + delay;
                next->target = target;
                next->length = (int)length;
                count++;
            }
        while (count && queue[first].due <= now()) {
            if (write(waits[queue[first].target].fd, queue[first].bytes, (size_t)queue[first].length) < 0) { /* lost */ }
            first = (first + 1) % ROOM;
            count--;
        }
    }
}
