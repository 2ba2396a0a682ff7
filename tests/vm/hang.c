/* hang FOLDER: obstacles that no signal removes. Mounts a FUSE file system of two files that never
 * answer a read: "lost", unbuffered, whose readers not even SIGKILL ends; and "file", over which it
 * starts a process that holds its mmap_lock for ever: it maps the file unbuffered, for which the
 * kernel waits, under the lock, for a page that another process reads. Prints the pid of the holder
 * when it hangs, and stays. Speaks the FUSE protocol itself: no library, and it links statically. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_NODE = 2, LOST_NODE = 3 };

static struct fuse_attr attributes(unsigned long long node) {
    struct fuse_attr a = {.ino = node, .nlink = 1, .size = 65536, .blocks = 128, .blksize = 4096};
    a.mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
    return a;
}

static void answer(int fuse, unsigned long long unique, int error, const void *body, size_t size) {
    char message[512];
    struct fuse_out_header head = {.len = sizeof head + size, .error = -error, .unique = unique};
    memcpy(message, &head, sizeof head);
    if (size) memcpy(message + sizeof head, body, size);
    if (write(fuse, message, head.len) < 0 && errno != ENOENT) perror("hang: write");
}

/* Answers everything but reads; the first of them is told to `reading`. */
static void serve(int fuse, int reading) {
    static char buffer[1 << 17];
    int opens = 0;
    while (read(fuse, buffer, sizeof buffer) > 0) {
        const struct fuse_in_header *in = (void *)buffer;
        const void *body = buffer + sizeof *in;
        switch (in->opcode) {
        case FUSE_INIT: {
            struct fuse_init_out out = {.major = 7, .minor = 31, .max_write = 65536,
                                        .max_readahead = 65536};
            answer(fuse, in->unique, 0, &out, sizeof out);
            break;
        }
        case FUSE_LOOKUP: {
            int node = !strcmp(body, "file") ? FILE_NODE : !strcmp(body, "lost") ? LOST_NODE : 0;
            struct fuse_entry_out out = {.nodeid = node, .attr_valid = 3600, .entry_valid = 3600,
                                         .attr = attributes(node)};
            answer(fuse, in->unique, node ? 0 : ENOENT, &out, node ? sizeof out : 0);
            break;
        }
        case FUSE_GETATTR: {
            struct fuse_attr_out out = {.attr_valid = 3600, .attr = attributes(in->nodeid)};
            answer(fuse, in->unique, 0, &out, sizeof out);
            break;
        }
        case FUSE_OPEN: {
            /* The holder opens "file" first: unbuffered. The second reads through the page cache. */
            int cached = in->nodeid == FILE_NODE && opens++ > 0;
            struct fuse_open_out out = {.open_flags = cached ? FOPEN_KEEP_CACHE : FOPEN_DIRECT_IO};
            answer(fuse, in->unique, 0, &out, sizeof out);
            break;
        }
        case FUSE_READ:
            if (write(reading, "", 1) < 0) perror("hang: pipe");
            break;
        case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT:
            break;
        case FUSE_FLUSH: case FUSE_RELEASE:
            answer(fuse, in->unique, 0, 0, 0);
            break;
        default:
            answer(fuse, in->unique, ENOSYS, 0, 0);
        }
    }
    perror("hang: FUSE ended");
}

int main(int argc, char **argv) {
    char options[128], path[4096], byte;
    int reading[2], opened[2];
    if (argc != 2) return 2;
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
    if (fuse < 0 || mount("hang", argv[1], "fuse", 0, options) || pipe(reading) || pipe(opened)) {
        perror("hang");
        return 1;
    }
    snprintf(path, sizeof path, "%s/file", argv[1]);
    if (!fork()) { serve(fuse, reading[1]); return 1; }
    close(fuse);
    pid_t holder = fork();
    if (!holder) {
        int file = open(path, O_RDONLY);
        if (file < 0 || write(opened[1], "", 1) < 0 || read(reading[0], &byte, 1) != 1) return 1;
        mmap(0, 4096, PROT_READ, MAP_PRIVATE, file, 0);
        return 1;
    }
    if (read(opened[0], &byte, 1) != 1) return 1;
    if (!fork()) {
        int file = open(path, O_RDONLY);
        return read(file, &byte, 1) != 1;
    }
    /* The holder is where we want it when it sleeps uninterruptibly. */
    snprintf(path, sizeof path, "/proc/%d/stat", holder);
    for (int i = 0; i < 1000; i++) {
        char line[512];
        FILE *stat = fopen(path, "r");
        size_t n = stat ? fread(line, 1, sizeof line - 1, stat) : 0;
        if (stat) fclose(stat);
        line[n] = 0;
        char *end = strrchr(line, ')');
        if (end && end[1] && end[2] == 'D') {
            printf("%d\n", holder);
            fflush(stdout);
            for (;;) pause();
        }
        usleep(10000);
    }
    fprintf(stderr, "hang: the holder does not hang\n");
    return 1;
}
