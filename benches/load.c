/* Loads for the benches and the tests of the collector: what a host may hold, made quickly.
 *
 *   load processes N      N processes that sleep
 *   load sockets N        N connected TCP sockets on loopback (to be run in a network namespace)
 *   load resident MIB     a process with so much resident memory that costs none: one piece of
 *                         64 MiB of shared memory, mapped again and again
 *   load maps MIB         a process with so much memory of its own in 4K pages that maps, touches
 *                         and unmaps a page in a loop; a line with anything on standard input makes
 *                         it print the worst and the 99.9th percentile pause since the last line,
 *                         in microseconds
 *
 * Prints "ready" when all is there, and ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define PIECE (64 * MIB)
#define PAGE 4096UL
/* Pauses are counted by their microsecond; what takes a second or longer counts as a second. */
#define LONGEST 1000000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t bytes, int flags, int fd)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

static void ready_until_end(void)
{
	char c;
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

static void processes(long n)
{
	for (long i = 0; i < n; i++) {
		pid_t child = fork();
		if (child < 0)
			fail("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
	}
	ready_until_end();
}

/* Connections of one process, on an address of loopback of its own. */
static void connections(int nth, long n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7000) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth);
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 1000))
		fail("listen");
	for (long i = 0; i < n; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		if (client < 0 || connect(client, (struct sockaddr *)&to, sizeof(to)) ||
		    accept(listener, NULL, NULL) < 0)
			fail("connect");
	}
}

/* As many processes as the limit of open files asks for. */
static void sockets(long n)
{
	struct rlimit files;
	int done[2], nth;
	char c;
	if (getrlimit(RLIMIT_NOFILE, &files) || pipe(done))
		fail("getrlimit");
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	long each = files.rlim_max > 20000 ? 9000 : (long)files.rlim_max / 2 - 50;
	for (nth = 0; n > 0; nth++, n -= 2 * each) {
		long here = n / 2 < each ? n / 2 : each;
		pid_t child = fork();
		if (child < 0)
			fail("fork");
		if (child > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		connections(nth, here);
		if (write(done[1], "", 1) != 1)
			fail("write");
		pause();
	}
	while (nth-- > 0)
		if (read(done[0], &c, 1) != 1)
			fail("read");
	ready_until_end();
}

static void resident(long mib)
{
	int fd = memfd_create("resident", 0);
	if (fd < 0 || ftruncate(fd, PIECE))
		fail("memfd");
	for (long i = 0; i < mib; i += PIECE / MIB)
		map(PIECE, MAP_SHARED | MAP_POPULATE, fd);
	ready_until_end();
}

static long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void maps(long mib)
{
	static unsigned pauses[LONGEST + 1];
	struct pollfd input = { .fd = 0, .events = POLLIN };
	char line[64];
	char *own = map(mib * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (madvise(own, mib * MIB, MADV_NOHUGEPAGE))
		fail("madvise");
	for (size_t at = 0; at < mib * MIB; at += PAGE)
		own[at] = 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		long total = 0;
		memset(pauses, 0, sizeof(pauses));
		while (poll(&input, 1, 0) == 0) {
			for (int i = 0; i < 100; i++, total++) {
				long begun = now_us(), took;
				char *page = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
				*page = 1;
				if (munmap(page, PAGE))
					fail("munmap");
				took = now_us() - begun;
				pauses[took < LONGEST ? took : LONGEST]++;
			}
		}
		if (read(0, line, sizeof(line)) <= 0)
			return;
		long worst = LONGEST, high, above = 0;
		while (worst > 0 && !pauses[worst])
			worst--;
		for (high = worst; high > 0 && (above += pauses[high]) < total / 1000; high--)
			;
		printf("%ld %ld\n", worst, high);
		fflush(stdout);
	}
}

int main(int count, char **words)
{
	const struct { const char *name; void (*make)(long); } loads[] = {
		{ "processes", processes }, { "sockets", sockets }, { "resident", resident }, { "maps", maps },
	};
	for (size_t i = 0; count == 3 && i < sizeof(loads) / sizeof(*loads); i++) {
		if (strcmp(words[1], loads[i].name) == 0) {
			loads[i].make(atol(words[2]));
			return 0;
		}
	}
	fputs("usage: load processes|sockets|resident|maps N\n", stderr);
	return 2;
}
