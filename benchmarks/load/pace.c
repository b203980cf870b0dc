/* A server that knows when it wrote: OpenAI-compatible event streams at given times, the least that such a
 * server costs. It generates nothing; it writes each token at its moment and keeps the moment.
 *
 * pace --ttft-us N --itl-us N --tokens N [--pack N] [--port N] [--truth FILE]
 *
 * Prints its port on the first line, serves 127.0.0.1 until its standard input ends, then writes the truth
 * and prints one line of JSON about itself: processor and wall time between the first request and the end of
 * the last answer, requests, tokens, whether it ran ahead of other processes, writes that the socket refused.
 *
 * Truth: the bytes "LLMCTIM1", then for each request, in order of arrival, 64-bit integers of this machine:
 * index (the number after "request " in the prompt, else -1), arrival (the kernel's stamp), when it was read
 * (its schedule counts from here), number of tokens, and the moment just before the write of each token.
 * All are nanoseconds of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 65536
#define EVENT_BYTES 512

struct request {
    int64_t index, arrived, read;
    int64_t *writes;
    int fd, tokens, written, chat, usage, prompt_words, waiting;
    unsigned number;
    char head[128]; /* of each event */
};

struct connection {
    char *in, *out;
    size_t in_bytes, in_room, out_bytes, out_room;
    struct request *answering;
    int open;
};

struct due {
    int64_t moment;
    uint64_t ticket;
    struct request *request;
};

static const char *const WORDS[] = {"the", "council", "said", "on", "monday", "that", "a", "new",
    "bridge", "over", "river", "will", "open", "next", "spring", "after", "years", "of", "delay",
    "and", "repair", "work", "has", "begun", "near", "old", "town", "while", "police", "are",
    "looking", "for", "two", "men", "seen", "there", "before", "fire", "broke", "out", "in",
    "market", "hall", "local", "team", "won", "cup", "final", "by", "three", "goals", "to", "one"};
#define WORD_COUNT (sizeof WORDS / sizeof *WORDS)

static int64_t ttft_ns = 200000000, itl_ns = 20000000;
static int tokens_wanted = 128, pack = 1, epoll, timer, listener;
static struct connection connections[MOST_FDS];
static struct request **requests;
static size_t request_count, request_room;
static struct due *heap;
static size_t heap_count, heap_room;
static uint64_t tickets;
static int64_t first_ns, last_ns, cpu_first_ns, cpu_last_ns;
static long long tokens_written, refused_writes;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void *grown(void *old, size_t bytes)
{
    void *fresh = realloc(old, bytes);
    if (!fresh)
        die("memory");
    return fresh;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t real(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The heap: what is due first lies at 0; equal moments keep their order. */
static int before(const struct due *a, const struct due *b)
{
    return a->moment != b->moment ? a->moment < b->moment : a->ticket < b->ticket;
}

static void push(int64_t moment, struct request *request)
{
    if (heap_count == heap_room) {
        heap_room = heap_room ? heap_room * 2 : 1024;
        heap = grown(heap, heap_room * sizeof *heap);
    }
    struct due fresh = {moment, tickets++, request};
    size_t at = heap_count++;
    while (at && before(&fresh, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = fresh;
}

static struct request *pop(void)
{
    struct request *first = heap[0].request;
    struct due last = heap[--heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap_count)
            break;
        if (child + 1 < heap_count && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static void shut(int fd)
{
    struct connection *c = &connections[fd];
    if (!c->open)
        return;
    c->open = 0;
    c->answering = NULL;
    c->in_bytes = c->out_bytes = 0;
    close(fd);
}

static void watch(int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

/* Write; what the socket does not take is kept and written when it does. */
static void put(int fd, const char *bytes, size_t count)
{
    struct connection *c = &connections[fd];
    if (!c->open)
        return;
    if (!c->out_bytes) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            shut(fd);
            return;
        }
        if (sent > 0) {
            bytes += sent;
            count -= sent;
        }
        if (!count)
            return;
        refused_writes++;
        watch(fd, EPOLLIN | EPOLLOUT);
    }
    if (c->out_bytes + count > c->out_room) {
        c->out_room = (c->out_bytes + count) * 2;
        c->out = grown(c->out, c->out_room);
    }
    memcpy(c->out + c->out_bytes, bytes, count);
    c->out_bytes += count;
}

static void flush(int fd)
{
    struct connection *c = &connections[fd];
    ssize_t sent = send(fd, c->out, c->out_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        shut(fd);
        return;
    }
    if (sent > 0) {
        memmove(c->out, c->out + sent, c->out_bytes - sent);
        c->out_bytes -= sent;
    }
    if (c->out_bytes)
        return;
    watch(fd, EPOLLIN);
    if (c->answering && c->answering->waiting) {
        c->answering->waiting = 0;
        push(now(), c->answering);
    }
}

static char *append(char *to, const char *text)
{
    size_t size = strlen(text);
    memcpy(to, text, size);
    return to + size;
}

/* One event as one HTTP chunk: `opening` and `closing` around what is in between. */
static int event(char *to, const struct request *r, const char *opening, const char *middle,
    const char *closing)
{
    size_t size = strlen(r->head) + strlen(opening) + strlen(middle) + strlen(closing) + 3;
    static const char digits[] = "0123456789abcdef";
    char *at = to;
    if (size >= 256)
        *at++ = digits[size >> 8];
    *at++ = digits[size >> 4 & 15];
    *at++ = digits[size & 15];
    at = append(append(append(append(append(at, "\r\n"), r->head), opening), middle), closing);
    return append(at, "}\n\n\r\n") - to;
}

static int choice(char *to, const struct request *r, const char *delta, const char *reason)
{
    char closing[64];
    const char *opening = r->chat ? "\"choices\":[{\"index\":0,\"delta\":" : "\"choices\":[{\"index\":0,\"text\":";
    *append(append(append(closing, ",\"logprobs\":null,\"finish_reason\":"), reason), "}]") = 0;
    return event(to, r, opening, delta, closing);
}

static int token(char *to, const struct request *r, int position)
{
    char delta[64];
    const char *word = WORDS[(r->number * 7 + position * 11) % WORD_COUNT];
    *append(append(append(delta, r->chat ? "{\"content\":\" " : "\" "), word), r->chat ? "\"}" : "\"") = 0;
    return choice(to, r, delta, "null");
}

static void take_requests(int fd, int64_t arrived);

/* What follows the last token; in one write, so that the ends of many answers are no burst of small ones. */
static size_t ending(char *to, const struct request *r)
{
    size_t size = choice(to, r, r->chat ? "{\"content\":\"\"}" : "\"\"", "\"length\"");
    if (r->usage) {
        char counts[128];
        snprintf(counts, sizeof counts,
            "{\"prompt_tokens\":%d,\"total_tokens\":%d,\"completion_tokens\":%d}", r->prompt_words,
            r->prompt_words + r->tokens, r->tokens);
        size += event(to + size, r, "\"choices\":[],\"usage\":", counts, "");
    }
    return append(to + size, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n") - to;
}

/* The next tokens of an answer; the role goes with the first. */
static void play(struct request *r)
{
    static char bytes[68 * EVENT_BYTES];
    if (!connections[r->fd].open || connections[r->fd].answering != r)
        return;
    size_t size = 0;
    if (!r->written && r->chat)
        size += choice(bytes, r, "{\"role\":\"assistant\",\"content\":\"\"}", "null");
    int count = r->tokens - r->written < pack ? r->tokens - r->written : pack;
    for (int i = 0; i < count; i++)
        size += token(bytes + size, r, r->written + i);
    int64_t moment = now();
    for (int i = 0; i < count; i++)
        r->writes[r->written + i] = moment;
    put(r->fd, bytes, size);
    r->written += count;
    tokens_written += count;
    if (r->written < r->tokens) {
        /* A client that does not keep up is waited for, as by every server. */
        r->waiting = connections[r->fd].out_bytes > 0;
        if (!r->waiting)
            push(r->read + ttft_ns + itl_ns * r->written, r);
        return;
    }
    put(r->fd, bytes, ending(bytes, r));
    last_ns = now();
    cpu_last_ns = cpu();
    connections[r->fd].answering = NULL;
    take_requests(r->fd, last_ns);
}

static void whole(int fd, const char *status, const char *body)
{
    char answer[512];
    put(fd, answer, snprintf(answer, sizeof answer,
        "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
        status, strlen(body), body));
}

static void get(int fd, const char *path)
{
    if (!strncmp(path, "/v1/models ", 11))
        whole(fd, "200 OK", "{\"object\":\"list\",\"data\":[{\"id\":\"sim\",\"object\":\"model\"}]}");
    else if (!strncmp(path, "/health ", 8) || !strncmp(path, "/version ", 9))
        whole(fd, "200 OK", "{\"status\":\"ok\",\"version\":\"pace-1\"}");
    else
        whole(fd, "404 Not Found", "{\"error\":{\"message\":\"not here\",\"code\":404}}");
}

/* The number after `name`, or what stands for none. */
static long number_after(const char *text, const char *name, long none)
{
    const char *at = strstr(text, name);
    if (!at)
        return none;
    at += strlen(name);
    while (*at == ' ' || *at == ':')
        at++;
    return *at >= '0' && *at <= '9' ? strtol(at, NULL, 10) : none;
}

static int is_true(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    if (!at)
        return 0;
    at += strlen(name);
    while (*at == ' ' || *at == ':')
        at++;
    return !strncmp(at, "true", 4);
}

static void generate(int fd, const char *head, const char *body, int64_t arrived)
{
    if (!is_true(body, "\"stream\"")) {
        whole(fd, "400 Bad Request", "{\"error\":{\"message\":\"this server only streams\",\"code\":400}}");
        return;
    }
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        die("memory");
    long limit = number_after(body, "\"max_tokens\"", tokens_wanted);
    limit = number_after(body, "\"max_completion_tokens\"", limit);
    r->tokens = limit > 0 && limit < tokens_wanted ? (int)limit : tokens_wanted;
    r->index = number_after(body, "request ", -1);
    r->writes = grown(NULL, r->tokens * sizeof *r->writes);
    r->arrived = arrived;
    r->fd = fd;
    r->chat = !strncmp(strchr(head, ' ') + 1, "/v1/chat/", 9);
    r->usage = is_true(body, "\"include_usage\"");
    r->prompt_words = 2;
    r->number = (unsigned)request_count;
    snprintf(r->head, sizeof r->head, "data: {\"created\":1,\"id\":\"sim-%u\",\"model\":\"sim\",\"object\":\"%s\",",
        r->number, r->chat ? "chat.completion.chunk" : "text_completion");
    if (request_count == request_room) {
        request_room = request_room ? request_room * 2 : 4096;
        requests = grown(requests, request_room * sizeof *requests);
    }
    requests[request_count++] = r;
    connections[fd].answering = r;
    static const char start[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                                "transfer-encoding: chunked\r\n\r\n";
    put(fd, start, sizeof start - 1);
    r->read = now();
    if (!first_ns) {
        first_ns = r->read;
        cpu_first_ns = cpu();
    }
    push(r->read + ttft_ns, r);
}

/* Answer the requests that have arrived whole, one after the other. */
static void take_requests(int fd, int64_t arrived)
{
    struct connection *c = &connections[fd];
    while (c->open && !c->answering && c->in_bytes) {
        c->in[c->in_bytes] = 0;
        char *end = strstr(c->in, "\r\n\r\n");
        if (!end)
            return;
        char *line = strcasestr(c->in, "\r\ncontent-length:");
        size_t size = line && line < end ? strtoul(line + 17, NULL, 10) : 0;
        size_t all = end + 4 - c->in + size;
        if (c->in_bytes < all)
            return;
        char kept = c->in[all];
        c->in[all] = 0;
        if (!strncmp(c->in, "GET /", 5))
            get(fd, c->in + 4);
        else if (!strncmp(c->in, "POST ", 5) && strstr(c->in, "/completions "))
            generate(fd, c->in, end + 4, arrived);
        else
            whole(fd, "404 Not Found", "{\"error\":{\"message\":\"not here\",\"code\":404}}");
        if (!c->open)
            return;
        c->in[all] = kept;
        memmove(c->in, c->in + all, c->in_bytes - all);
        c->in_bytes -= all;
    }
}

static void arrival(int fd)
{
    struct connection *c = &connections[fd];
    if (c->in_room - c->in_bytes < 16384) {
        c->in_room = c->in_room ? c->in_room * 2 : 32768;
        c->in = grown(c->in, c->in_room);
    }
    char control[128];
    struct iovec part = {c->in + c->in_bytes, c->in_room - c->in_bytes - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
        .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        shut(fd);
        return;
    }
    int64_t moment = now();
    struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    if (stamp && stamp->cmsg_level == SOL_SOCKET && stamp->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec t;
        memcpy(&t, CMSG_DATA(stamp), sizeof t);
        /* The stamp is of the real-time clock; both clocks are read here, one right after the other. */
        moment -= real() - (t.tv_sec * 1000000000LL + t.tv_nsec);
    }
    c->in_bytes += got;
    take_requests(fd, moment);
}

static void admit(void)
{
    int one = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MOST_FDS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
        connections[fd].open = 1;
        connections[fd].in_bytes = connections[fd].out_bytes = 0;
        connections[fd].answering = NULL;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void wait_until(int64_t moment)
{
    struct itimerspec at = {.it_value = {moment / 1000000000LL, moment % 1000000000LL}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void serve(void)
{
    struct epoll_event events[64];
    for (;;) {
        int wait = -1;
        if (heap_count) {
            if (heap[0].moment <= now())
                wait = 0;
            else
                wait_until(heap[0].moment);
        }
        int count = epoll_wait(epoll, events, 64, wait);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) {
                char byte;
                if (read(STDIN_FILENO, &byte, 1) <= 0)
                    return;
            } else if (fd == listener) {
                admit();
            } else if (fd != timer && connections[fd].open) {
                if (events[i].events & EPOLLOUT)
                    flush(fd);
                if (connections[fd].open && events[i].events & ~EPOLLOUT)
                    arrival(fd);
            }
        }
        /* No more than a batch at a time, so that requests are read in between. */
        for (int i = 0; i < 64 && heap_count && heap[0].moment <= now(); i++)
            play(pop());
    }
}

static void write_truth(const char *name)
{
    FILE *file = fopen(name, "wb");
    if (!file)
        die(name);
    fwrite("LLMCTIM1", 8, 1, file);
    for (size_t i = 0; i < request_count; i++) {
        struct request *r = requests[i];
        int64_t head[4] = {r->index, r->arrived, r->read, r->written};
        fwrite(head, sizeof head, 1, file);
        fwrite(r->writes, sizeof *r->writes, r->written, file);
    }
    if (fclose(file))
        die(name);
}

int main(int argc, char **argv)
{
    const char *truth = NULL;
    int port = 0, one = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--ttft-us"))
            ttft_ns = atoll(argv[i + 1]) * 1000;
        else if (!strcmp(argv[i], "--itl-us"))
            itl_ns = atoll(argv[i + 1]) * 1000;
        else if (!strcmp(argv[i], "--tokens"))
            tokens_wanted = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--pack"))
            pack = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--port"))
            port = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--truth"))
            truth = argv[i + 1];
        else
            return 2;
    }
    if (tokens_wanted < 1 || pack < 1 || pack > 64 || argc % 2 == 0)
        return 2;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < MOST_FDS ? files.rlim_max : MOST_FDS;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGINT, SIG_IGN);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096) ||
        getsockname(listener, (struct sockaddr *)&address, &size))
        die("listen");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int watched[] = {listener, timer, STDIN_FILENO};
    for (int i = 0; i < 3; i++) {
        /* The timer only wakes: edge-triggered, it need not be read. */
        struct epoll_event event = {
            .events = watched[i] == timer ? EPOLLIN | EPOLLET : EPOLLIN, .data.fd = watched[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, watched[i], &event))
            die("epoll");
    }
    /* On time whatever else runs, where that is permitted. */
    struct sched_param ahead = {.sched_priority = 1};
    int real_time = sched_setscheduler(0, SCHED_RR, &ahead) == 0;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    serve();
    if (truth)
        write_truth(truth);
    printf("{\"cpu_s\":%.6f,\"wall_s\":%.6f,\"requests\":%zu,\"tokens\":%lld,\"real_time\":%s,"
           "\"refused_writes\":%lld}\n",
        (cpu_last_ns - cpu_first_ns) / 1e9, (last_ns - first_ns) / 1e9, request_count, tokens_written,
        real_time ? "true" : "false", refused_writes);
    return 0;
}
