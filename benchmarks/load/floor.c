/* The floor: an epoll client that reads streams and does nothing with them but find their end.
 *
 * floor PORT CONCURRENCY REQUESTS TOKENS
 * Prints {"chunks", "cpu_s", "wall_s"}: reads that returned bytes, processor and wall time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char request[1024];
static int request_bytes;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void ask(int fd)
{
    if (send(fd, request, request_bytes, MSG_NOSIGNAL) != request_bytes)
        die("send");
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), streams = atoi(argv[2]), requests = atoi(argv[3]);
    char body[512];
    int body_bytes = snprintf(body, sizeof body,
        "{\"model\":\"sim\",\"messages\":[{\"role\":\"user\",\"content\":\"request\"}],"
        "\"max_tokens\":%s,\"stream\":true,\"stream_options\":{\"include_usage\":true}}", argv[4]);
    request_bytes = snprintf(request, sizeof request,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s",
        body_bytes, body);

    int epoll = epoll_create1(0), sent = 0, ended = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int *fds = calloc(streams, sizeof *fds);
    for (int i = 0; i < streams; i++) {
        int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
            die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        fds[i] = fd;
    }
    /* As the client that it is compared with: ahead of other processes, where that is permitted. */
    struct sched_param ahead = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_RR, &ahead);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double start = now();
    for (int i = 0; i < streams && sent < requests; i++, sent++)
        ask(fds[i]);
    long chunks = 0;
    static char buffer[65536];
    struct epoll_event events[64];
    while (ended < requests) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            ssize_t got = recv(fd, buffer, sizeof buffer, 0);
            if (got <= 0)
                die("recv");
            chunks++;
            if (got >= 5 && !memcmp(buffer + got - 5, "0\r\n\r\n", 5)) {
                ended++;
                if (sent < requests) {
                    sent++;
                    ask(fd);
                }
            }
        }
    }
    double wall = now() - start;
    getrusage(RUSAGE_SELF, &after);
    double cpu = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
                 (after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6 +
                 (after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
                 (after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    printf("{\"chunks\": %ld, \"cpu_s\": %.6f, \"wall_s\": %.3f}\n", chunks, cpu, wall);
    return 0;
}
