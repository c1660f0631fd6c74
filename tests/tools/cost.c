// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the instructions of a command, and of the kernel's part in opening and
 * closing a mapped device.  For a guest in which a nanosecond is an instruction.
 *
 *   cost run COMMAND [ARGS...]              the command's process, kernel included
 *   cost map NAME SECTORS TARGET PARAMETERS the ioctls that make a device and remove it
 *
 * It is CPU time that is counted, since there is waiting in these: what others
 * do meanwhile is not in it, and a timer tick now and then is.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES	4096

struct request {
	struct dm_ioctl header;
	struct dm_target_spec spec;
	char parameters[BUFFER_BYTES];
};

static uint64_t cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A loop of known length takes as long as it should, but for a few ticks. */
static void check_clock(void)
{
	const uint64_t instructions = 100000000;
	uint64_t loops = instructions / 2, start = cpu_time(), elapsed;

	asm volatile("1: dec %0; jnz 1b" : "+r" (loops) : : "cc");
	elapsed = cpu_time() - start;
	if (elapsed < instructions / 100 * 99 ||
	    elapsed > instructions / 100 * 102)
		errx(1, "a nanosecond is not an instruction: %" PRIu64 " for %" PRIu64,
		     elapsed, instructions);
}

/* The process is over, but still there to be asked. */
static uint64_t cpu_time_of(pid_t pid)
{
	uint64_t ns;
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%" SCNu64, &ns) != 1)
		err(1, "cannot read '%s'", path);
	fclose(f);
	return ns;
}

static int run(char **argv)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		execvp(argv[0], argv);
		err(127, "cannot run '%s'", argv[0]);
	}
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		err(1, "waitid");
	if (info.si_code != CLD_EXITED || info.si_status)
		errx(1, "'%s' failed", argv[0]);
	printf("%" PRIu64 "\n", cpu_time_of(pid));
	return 0;
}

static void count_ioctl(int fd, unsigned int command, struct request *request,
			const char *what)
{
	uint64_t start;

	request->header.version[0] = DM_VERSION_MAJOR;
	request->header.data_size = sizeof(*request);
	request->header.data_start = sizeof(request->header);
	start = cpu_time();
	if (ioctl(fd, command, request))
		err(1, "%s '%s'", what, request->header.name);
	printf("%s %" PRIu64 "\n", what, cpu_time() - start);
}

static struct request *new_request(const char *name)
{
	static struct request request;

	memset(&request, 0, sizeof(request));
	snprintf(request.header.name, sizeof(request.header.name), "%s", name);
	return &request;
}

static void load(int fd, char **argv)
{
	struct request *request = new_request(argv[0]);

	request->header.target_count = 1;
	request->spec.length = strtoull(argv[1], NULL, 10);
	snprintf(request->spec.target_type, sizeof(request->spec.target_type),
		 "%s", argv[2]);
	snprintf(request->parameters, sizeof(request->parameters), "%s", argv[3]);
	count_ioctl(fd, DM_TABLE_LOAD, request, "load");
}

static int map(char **argv)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "cannot open '/dev/mapper/control'");
	count_ioctl(fd, DM_DEV_CREATE, new_request(argv[0]), "create");
	load(fd, argv);
	count_ioctl(fd, DM_DEV_SUSPEND, new_request(argv[0]), "resume");
	count_ioctl(fd, DM_DEV_REMOVE, new_request(argv[0]), "remove");
	return 0;
}

int main(int argc, char **argv)
{
	check_clock();
	if (argc >= 3 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "map"))
		return map(argv + 2);
	errx(2, "usage: cost run COMMAND [ARGS...] | cost map NAME SECTORS TARGET PARAMETERS");
}
