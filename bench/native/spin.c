/* spin CPU: keep one processor from halting, at a priority that yields to everything else.
 *
 * A virtual CPU that halts takes its hypervisor's time to wake, which made the one-connection figures vary by a
 * factor of three; with this loop a wake-up costs about the same each time.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: spin CPU\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlive the benchmark */
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(atoi(argv[1]), &cpus);
    struct sched_param none = {.sched_priority = 0};
    if (sched_setaffinity(0, sizeof cpus, &cpus) || sched_setscheduler(0, SCHED_IDLE, &none)) {
        perror("spin");
        return 1;
    }
    for (volatile unsigned long turns = 0;; turns++)
        ;
}
