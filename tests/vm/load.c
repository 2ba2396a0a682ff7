/* load WORD NUMBER...: one kind of load, set up; prints "ready" and stays. Links statically.
 *
 *   messages MIB        System V messages that nobody receives: kernel memory that cannot be freed
 *   files COUNT         open files
 *   pipes MIB           pipes full of bytes: pages of the kernel that no counter tells
 *   held MIB            memory that is written once
 *   promised MIB        memory that is asked for and never touched
 *   peak MIB AFTER FOR  memory that is there for some seconds, so many after "ready"
 *   shared MIB CPU...   memory that a thread on each CPU writes again and again
 *   datagrams BURST     so many to a port of loopback where nobody listens, 100 times a second */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static char *block;
static size_t size;

static char *map(size_t bytes) {
    char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) err(1, "mmap");
    return at;
}

/* Writes to every page of the block. */
static void touch(void) {
    for (size_t at = 0; at < size; at += 4096) ((volatile char *)block)[at]++;
}

static void ready(void) {
    puts("ready");
    fflush(stdout);
}

/* Messages that fill a page with the kernel's own words about them. */
static void messages(size_t bytes) {
    struct { long type; char text[4096 - 48]; } message = {.type = 1};
    int queue = msgget(IPC_PRIVATE, 0600);
    for (size_t sent = 0; sent < bytes; sent += 4096)
        if (msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT)) err(1, "msgsnd");
}

/* So many files are to be open, far from the limit of the process. */
static void may_open(size_t files) {
    struct rlimit limit = {.rlim_cur = 4 * files, .rlim_max = 4 * files};
    if (setrlimit(RLIMIT_NOFILE, &limit)) err(1, "setrlimit");
}

static void files(size_t files) {
    may_open(files);
    for (size_t i = 0; i < files; i++)
        if (open("/dev/null", O_RDONLY) < 0) err(1, "open");
}

static void pipes(size_t mib) {
    may_open(2 * mib + 16);
    char *bytes = map(MIB);
    for (size_t i = 0; i < mib; i++) {
        int ends[2];
        if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, MIB) < 0) err(1, "pipe");
        if (write(ends[1], bytes, MIB) != MIB) err(1, "write");
    }
}

static void *writes(void *cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((long)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set)) err(1, "sched_setaffinity");
    for (;; usleep(2000))
        for (int i = 0; i < 4; i++) touch();
    return 0;
}

static void datagrams(int burst) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    for (;; usleep(10000))
        for (int i = 0; i < burst; i++) sendto(socket_, "x", 1, 0, (void *)&to, sizeof to);
}

int main(int count, char **words) {
    if (count < 3) errx(2, "a word and a number");
    const char *word = words[1];
    size_t number = strtoul(words[2], 0, 10);
    size = number * MIB;
    if (!strcmp(word, "messages")) {
        messages(size);
    } else if (!strcmp(word, "files")) {
        files(number);
    } else if (!strcmp(word, "pipes")) {
        pipes(number);
    } else if (!strcmp(word, "promised")) {
        map(size);
    } else if (!strcmp(word, "peak") && count > 4) {
        ready();
        sleep(atoi(words[3]));
        block = map(size);
        touch();
        sleep(atoi(words[4]));
        munmap(block, size);
    } else if (!strcmp(word, "datagrams")) {
        ready();
        datagrams(number);
    } else {
        block = map(size);
        /* Page by page: a large page would be one access. */
        madvise(block, size, MADV_NOHUGEPAGE);
        touch();
        for (int i = 3; i < count && !strcmp(word, "shared"); i++) {
            pthread_t thread;
            pthread_create(&thread, 0, writes, (void *)strtol(words[i], 0, 10));
        }
    }
    ready();
    for (;;) pause();
}
