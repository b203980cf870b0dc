/* The floor: an epoll client that reads streams and does next to nothing with them, no JSON, no schedule.
 *
 * floor PORT CONCURRENCY REQUESTS TOKENS [FILE]
 *
 * Without FILE it looks for the end of each stream and nothing else: the least that such a load costs. With
 * FILE it also takes the kernel's receive stamps, counts the tokens in each read and writes them down: what
 * the machine allows a client to see. FILE gets the bytes "LLMCTIM1", then for each request 64-bit integers of
 * this machine: index, when it was sent (twice, as intended and as done), number of tokens, and the arrival
 * of each; nanoseconds of CLOCK_MONOTONIC.
 *
 * Prints {"reads", "tokens", "cpu_s", "wall_s", "real_time"}: reads that returned bytes, tokens seen (0
 * without FILE), processor and wall time from the first request on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES 512
#define MOST_FDS 65536

static int tokens_wanted, stamped, requests;
static char *bodies;
static int *lengths, *counts, current[MOST_FDS];
static int64_t *sent_at, *stamps, offset;

static int64_t now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *room(size_t count, size_t size)
{
    void *fresh = calloc(count, size);
    if (!fresh)
        die("memory");
    return fresh;
}

/* All requests are made before the first is sent. */
static void prepare(const char *tokens)
{
    bodies = room(requests, REQUEST_BYTES);
    lengths = room(requests, sizeof *lengths);
    counts = room(requests, sizeof *counts);
    sent_at = room(requests, sizeof *sent_at);
    if (stamped)
        stamps = room((size_t)requests * tokens_wanted, sizeof *stamps);
    for (int i = 0; i < requests; i++) {
        char body[384];
        int size = snprintf(body, sizeof body,
            "{\"model\":\"sim\",\"messages\":[{\"role\":\"user\",\"content\":\"request %d\"}],"
            "\"max_tokens\":%s,\"stream\":true,\"stream_options\":{\"include_usage\":true}}", i, tokens);
        lengths[i] = snprintf(bodies + (size_t)i * REQUEST_BYTES, REQUEST_BYTES,
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, body);
    }
}

static void ask(int fd, int index)
{
    current[fd] = index;
    sent_at[index] = now(CLOCK_MONOTONIC);
    if (send(fd, bodies + (size_t)index * REQUEST_BYTES, lengths[index], MSG_NOSIGNAL) != lengths[index])
        die("send");
}

/* Real time minus monotonic time, from the tightest of some pairs of readings. */
static int64_t clock_offset(void)
{
    int64_t best = INT64_MAX, found = 0;
    for (int i = 0; i < 64; i++) {
        int64_t a = now(CLOCK_MONOTONIC), r = now(CLOCK_REALTIME), b = now(CLOCK_MONOTONIC);
        if (b - a < best) {
            best = b - a;
            found = r - a - (b - a) / 2;
        }
    }
    return found;
}

static void keep(int fd, const char *bytes, size_t size, int64_t stamp)
{
    static const char mark[] = "\"content\":\"";
    int index = current[fd];
    const char *end = bytes + size, *at = bytes;
    while ((at = memmem(at, end - at, mark, sizeof mark - 1))) {
        at += sizeof mark - 1;
        if (at < end && *at != '"' && counts[index] < tokens_wanted)
            stamps[(size_t)index * tokens_wanted + counts[index]++] = stamp;
    }
}

static ssize_t receive(int fd, char *buffer, size_t size)
{
    if (!stamped)
        return recv(fd, buffer, size, 0);
    char control[128];
    struct iovec part = {buffer, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
        .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, 0);
    struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    int64_t moment = 0;
    if (stamp && stamp->cmsg_level == SOL_SOCKET && stamp->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec t;
        memcpy(&t, CMSG_DATA(stamp), sizeof t);
        moment = t.tv_sec * 1000000000LL + t.tv_nsec - offset;
    } else {
        moment = now(CLOCK_MONOTONIC);
    }
    if (got > 0)
        keep(fd, buffer, got, moment);
    return got;
}

static void write_down(const char *name)
{
    FILE *file = fopen(name, "wb");
    if (!file)
        die(name);
    fwrite("LLMCTIM1", 8, 1, file);
    for (int i = 0; i < requests; i++) {
        int64_t head[4] = {i, sent_at[i], sent_at[i], counts[i]};
        fwrite(head, sizeof head, 1, file);
        fwrite(stamps + (size_t)i * tokens_wanted, sizeof *stamps, counts[i], file);
    }
    if (fclose(file))
        die(name);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6)
        return 2;
    int port = atoi(argv[1]), streams = atoi(argv[2]);
    requests = atoi(argv[3]);
    tokens_wanted = atoi(argv[4]);
    stamped = argc == 6;
    prepare(argv[4]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < MOST_FDS ? files.rlim_max : MOST_FDS;
    setrlimit(RLIMIT_NOFILE, &files);

    int epoll = epoll_create1(0), sent = 0, ended = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int *fds = room(streams, sizeof *fds);
    for (int i = 0; i < streams; i++) {
        int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || fd >= MOST_FDS || connect(fd, (struct sockaddr *)&address, sizeof address))
            die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (stamped)
            setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        fds[i] = fd;
    }
    /* As the client that it is compared with: ahead of other processes, where that is permitted. */
    struct sched_param ahead = {.sched_priority = 1};
    int real_time = sched_setscheduler(0, SCHED_RR, &ahead) == 0;
    offset = clock_offset();
    int64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID), start = now(CLOCK_MONOTONIC);
    for (int i = 0; i < streams && sent < requests; i++)
        ask(fds[i], sent++);
    long reads = 0;
    static char buffer[65536];
    struct epoll_event events[64];
    while (ended < requests) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            ssize_t got = receive(fd, buffer, sizeof buffer);
            if (got <= 0)
                die("recv");
            reads++;
            if (got >= 5 && !memcmp(buffer + got - 5, "0\r\n\r\n", 5)) {
                ended++;
                if (sent < requests)
                    ask(fd, sent++);
            }
        }
    }
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    int64_t wall = now(CLOCK_MONOTONIC) - start;
    long tokens = 0;
    for (int i = 0; i < requests; i++)
        tokens += counts[i];
    if (stamped)
        write_down(argv[5]);
    printf("{\"reads\":%ld,\"tokens\":%ld,\"cpu_s\":%.6f,\"wall_s\":%.6f,\"real_time\":%s}\n", reads,
        tokens, cpu / 1e9, wall / 1e9, real_time ? "true" : "false");
    return 0;
}
