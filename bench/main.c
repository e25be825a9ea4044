/* breakeven: when does parallelism pay? */
#include "bench/cli/options.h"
#include "bench/verbs.h"

#include "bench/base/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A closed descriptor 0, 1 or 2 would go to the next file that is opened, and messages would end up in a record. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);
}

/* Once, by verbs that look at this machine. */
static void say_what_is_not_obeyed(const struct options *options)
{
    char names[256];
    if (options->verb->machine && !options->topology && site_names(names, sizeof names))
        options_complain(options, "not obeyed, but recorded: %s; this machine is measured as it is", names);
}

int main(int argc, char **argv)
{
    site_begin(); /* before anything reads or inherits the affinity */
    hold_standard_descriptors();
    struct options options;
    int status = options_parse(&options, verbs, argc, argv);
    if (status < 0) {
        say_what_is_not_obeyed(&options);
        status = options.verb->run(&options);
    }
    if (fflush(stdout) && status == STATUS_GOOD)
        status = options_complain(&options, "cannot write to standard output: %s", strerror(errno));
    options_free(&options);
    return status;
}
