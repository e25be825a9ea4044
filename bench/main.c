/* breakeven: when does parallelism pay? */
#include "bench/cli/options.h"

#include "runners/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A closed descriptor 0, 1 or 2 would go to the next file that is opened, and messages would end up in a record. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
}

int main(int argc, char **argv)
{
    worker_unbind_openmp(); /* before anything reads or inherits the affinity */
    hold_standard_descriptors();
    signal(SIGPIPE,
           SIG_IGN); /* a reader that leaves, a file too large: errors to report, no reason to lose what was measured */
    signal(SIGXFSZ, SIG_IGN);
    struct options options;
    int status = options_parse(&options, argc, argv);
    if (status < 0) status = options.verb->run(&options);
    if (fflush(stdout) && status == STATUS_GOOD)
        status = options_complain(&options, "cannot write to standard output: %s", strerror(errno));
    options_free(&options);
    return status;
}
