/* sink: an SMTP server, or that of mail providers' APIs, for measuring clients. It takes every message, keeps none and counts them.
 *
 *     sink [--rtt MS] [--no-chunking | --http] COUNTERS
 *
 * It listens on a port of 127.0.0.1 that the kernel chooses and prints that port as its first line. COUNTERS is a
 * file that it maps into memory and keeps four 64-bit numbers in: messages, message bytes, commands, sessions. Who
 * watches reads the file; no connection and no system call of the sink is spent on it.
 *
 * --rtt delays each answer by MS milliseconds after the bytes that caused it had arrived. That is what a far server
 * looks like to a client that waits for it; bandwidth and loss are not modelled. The greeting is delayed as well.
 *
 * RFC 5321, with PIPELINING (2920), CHUNKING (3030), 8BITMIME, SMTPUTF8, SIZE and ENHANCEDSTATUSCODES. One thread,
 * epoll. A message that ends in the middle of a read, or whose final dot is spread over several, is counted right:
 * the search for CRLF "." CRLF keeps its place between reads. `bench/yardstick/selfcheck.py` tests that.
 *
 * --http: HTTP/1.1, connections kept, answers of SendGrid, Brevo, Mailgun and SES by the path. A call counts as many
 * messages as its body has `"to":`, at least one: a batch of SendGrid has one in each personalization.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS 1024       /* connections at a time; more are closed at once */
#define LINE_MAX_BYTES 2048 /* a longer command line ends the session */
#define READ_BYTES (256 * 1024)

static const char END_OF_DATA[] = "\r\n.\r\n";
static const char RECIPIENTS[] = "\"to\":";

enum state { COMMAND, DATA, CHUNK, BODY };

struct session {
    int fd; /* -1: free */
    uint32_t generation;
    enum state state;
    int closing;
    int matched;         /* DATA: how much of END_OF_DATA the last bytes were */
    int64_t chunk_left;  /* CHUNK, BODY: bytes still to come */
    const char *reply;   /* HTTP: what to answer when the request is complete; NULL before its first line */
    uint64_t found;      /* HTTP: how often RECIPIENTS stood in the body */
    int chunk_is_last;
    int64_t message_bytes;
    size_t line_length;
    char line[LINE_MAX_BYTES];
    char *answers; /* written[0..sent) is on the wire, [sent..due) may go, the rest waits for its time */
    size_t sent, due, length, room;
};

struct release { /* `bytes` more answer bytes of a session may go at `when` */
    int64_t when;
    int session;
    uint32_t generation;
    size_t bytes;
};

struct counters {
    volatile uint64_t messages, bytes, commands, sessions;
};

static struct session sessions[SESSIONS];
static struct counters *counters;
static struct release *releases; /* ring; in order of time, as every answer waits equally long */
static size_t release_first, release_count, release_room;
static int64_t round_trip;
static int chunking = 1;
static int http = 0;
static int poll_fd;
static char input[READ_BYTES];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- answers ---- */

static void answer(struct session *s, const char *text)
{
    size_t n = strlen(text);
    if (s->length + n > s->room) {
        s->room = 2 * (s->length + n) + 4096;
        if (!(s->answers = realloc(s->answers, s->room)))
            die("realloc");
    }
    memcpy(s->answers + s->length, text, n);
    s->length += n;
}

static void end_session(struct session *s)
{
    close(s->fd); /* which takes it out of the poll set, too */
    s->fd = -1;
    s->generation++; /* releases still in the ring no longer mean this session */
}

static void watch(struct session *s, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.u32 = (uint32_t)(s - sessions)};
    if (epoll_ctl(poll_fd, EPOLL_CTL_MOD, s->fd, &e))
        die("epoll_ctl");
}

static void write_due(struct session *s)
{
    while (s->sent < s->due) {
        ssize_t n = send(s->fd, s->answers + s->sent, s->due - s->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(s, EPOLLIN | EPOLLOUT);
            return;
        }
        if (n < 0) {
            end_session(s);
            return;
        }
        s->sent += (size_t)n;
    }
    if (s->sent == s->length) {
        s->sent = s->due = s->length = 0;
        if (s->closing)
            end_session(s);
    }
}

static void grow_releases(void)
{
    size_t room = release_room ? 2 * release_room : 256;
    struct release *wider = malloc(room * sizeof *wider);
    if (!wider)
        die("malloc");
    for (size_t i = 0; i < release_count; i++)
        wider[i] = releases[(release_first + i) % release_room];
    free(releases);
    releases = wider;
    release_room = room;
    release_first = 0;
}

/* Send what was answered since `before`, at once or a round trip from now. */
static void dispatch(struct session *s, size_t before)
{
    size_t bytes = s->length - before;
    if (!bytes)
        return;
    if (!round_trip) {
        s->due = s->length;
        write_due(s);
        return;
    }
    if (release_count == release_room)
        grow_releases();
    releases[(release_first + release_count++) % release_room] =
        (struct release){now() + round_trip, (int)(s - sessions), s->generation, bytes};
}

static void release_what_is_due(void)
{
    int64_t time = release_count ? now() : 0;
    while (release_count && releases[release_first].when <= time) {
        struct release r = releases[release_first];
        struct session *s = &sessions[r.session];
        release_first = (release_first + 1) % release_room;
        release_count--;
        if (s->fd >= 0 && s->generation == r.generation) {
            s->due += r.bytes;
            write_due(s);
        }
    }
}

/* ---- the dialogue ---- */

static void message_complete(struct session *s)
{
    counters->messages++;
    counters->bytes += (uint64_t)s->message_bytes;
    s->message_bytes = 0;
    s->state = COMMAND;
    answer(s, "250 2.0.0 Ok: discarded\r\n");
}

static void chunk_complete(struct session *s)
{
    if (s->chunk_is_last) {
        message_complete(s);
    } else {
        s->state = COMMAND;
        answer(s, "250 2.0.0 Ok\r\n");
    }
}

static int is(const char *line, const char *verb)
{
    size_t n = strlen(verb);
    return !strncasecmp(line, verb, n) && (line[n] == 0 || line[n] == ' ' || line[n] == ':');
}

static void start_chunk(struct session *s, const char *line)
{
    char *after;
    long long size = strtoll(line + 4, &after, 10);
    if (size < 0 || after == line + 4) {
        answer(s, "501 5.5.4 Syntax: BDAT length [LAST]\r\n");
        s->closing = 1; /* where the next command starts is unknown now */
        return;
    }
    s->state = CHUNK;
    s->chunk_left = size;
    s->chunk_is_last = !strcasecmp(after, " LAST");
    s->message_bytes += size;
    if (!size)
        chunk_complete(s);
}

static void command(struct session *s, const char *line)
{
    counters->commands++;
    if (is(line, "MAIL FROM"))
        answer(s, "250 2.1.0 Ok\r\n");
    else if (is(line, "RCPT TO"))
        answer(s, "250 2.1.5 Ok\r\n");
    else if (is(line, "DATA")) {
        s->state = DATA;
        s->matched = 2; /* "." CRLF right after DATA is an empty message */
        answer(s, "354 End data with <CR><LF>.<CR><LF>\r\n");
    } else if (chunking && is(line, "BDAT"))
        start_chunk(s, line);
    else if (is(line, "EHLO")) {
        answer(s, "250-sink.invalid\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
        if (chunking)
            answer(s, "250-CHUNKING\r\n");
        answer(s, "250 ENHANCEDSTATUSCODES\r\n");
    } else if (is(line, "HELO"))
        answer(s, "250 sink.invalid\r\n");
    else if (is(line, "RSET") || is(line, "NOOP")) {
        s->message_bytes = 0;
        answer(s, "250 2.0.0 Ok\r\n");
    } else if (is(line, "QUIT")) {
        answer(s, "221 2.0.0 Bye\r\n");
        s->closing = 1;
    } else
        answer(s, "500 5.5.2 Command not known here\r\n");
}

/* ---- HTTP ---- */

static const struct {
    const char *path, *reply;
} REPLIES[] = {
    {"/v3/mail/send", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nX-Message-Id: 14c5d75ce93d4f8ab0c1d2\r\n\r\n"},
    {"/smtp/email", "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 41\r\n\r\n"
                    "{\"messageId\":\"<20261122.1@sink.invalid>\"}"},
    {"/messages", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 65\r\n\r\n"
                  "{\"id\":\"<20261122.1@sink.invalid>\",\"message\":\"Queued. Thank you.\"}"},
    {"/outbound-emails", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 42\r\n\r\n"
                         "{\"MessageId\":\"0100019abcdef012-3456-0000\"}"},
    {"", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
};

/* Brevo names each message of a batch. */
static void answer_ids(struct session *s)
{
    static const char ID[] = "\"<20261122.1@sink.invalid>\"";
    char head[128];
    size_t length = s->found * sizeof ID + sizeof "{\"messageIds\":[]}" - 2; /* a comma fewer than there are ids */
    snprintf(head, sizeof head, "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\n\r\n{\"messageIds\":[", length);
    answer(s, head);
    for (uint64_t i = 0; i < s->found; i++) {
        answer(s, i ? "," : "");
        answer(s, ID);
    }
    answer(s, "]}");
}

static void request_complete(struct session *s)
{
    counters->commands++;
    if (s->reply != REPLIES[sizeof REPLIES / sizeof *REPLIES - 1].reply) {
        counters->messages += s->found ? s->found : 1;
        counters->bytes += (uint64_t)s->message_bytes;
    }
    if (s->found > 1 && s->reply == REPLIES[1].reply)
        answer_ids(s);
    else
        answer(s, s->reply);
    s->state = COMMAND;
    s->reply = NULL;
    s->message_bytes = 0;
}

static void header(struct session *s, const char *line)
{
    if (!s->reply) {
        size_t i = 0;
        while (!strstr(line, REPLIES[i].path)) /* the last path is in every line */
            i++;
        s->reply = REPLIES[i].reply;
        s->chunk_left = s->message_bytes = 0;
        s->found = 0;
        s->matched = 0;
    } else if (!strncasecmp(line, "content-length:", 15)) {
        s->chunk_left = s->message_bytes = atoll(line + 15);
    } else if (!strncasecmp(line, "transfer-encoding:", 18)) {
        answer(s, "HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n");
        s->closing = 1;
    } else if (!strncasecmp(line, "expect:", 7)) {
        answer(s, "HTTP/1.1 100 Continue\r\n\r\n");
    } else if (!*line) {
        s->state = BODY;
        if (!s->chunk_left)
            request_complete(s);
    }
}

static size_t take_body(struct session *s, const char *p, size_t n)
{
    size_t taken = (int64_t)n < s->chunk_left ? n : (size_t)s->chunk_left;
    for (size_t i = 0; i < taken; i++) {
        if (!s->matched) { /* the common case: skip to the next quotation mark */
            const char *quote = memchr(p + i, RECIPIENTS[0], taken - i);
            if (!quote)
                break;
            i = (size_t)(quote - p);
        }
        s->matched = p[i] == RECIPIENTS[s->matched] ? s->matched + 1 : p[i] == RECIPIENTS[0];
        if (s->matched == sizeof RECIPIENTS - 1) {
            s->found++;
            s->matched = 0;
        }
    }
    s->chunk_left -= (int64_t)taken;
    if (!s->chunk_left)
        request_complete(s);
    return taken;
}

/* ---- what arrives ---- */

/* The longest start of END_OF_DATA that the bytes so far end with, after one more byte. */
static int match(int matched, char byte)
{
    if (byte == END_OF_DATA[matched])
        return matched + 1;
    return byte == '\r'; /* a CR that does not fit can only be the first one */
}

/* Take bytes of a message under DATA; returns how many. */
static size_t take_data(struct session *s, const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if (!s->matched) { /* the common case: skip to the next line end */
            const char *cr = memchr(p + i, '\r', n - i);
            if (!cr) {
                i = n;
                break;
            }
            i = (size_t)(cr - p);
        }
        s->matched = match(s->matched, p[i++]);
        if (s->matched == sizeof END_OF_DATA - 1) {
            s->message_bytes += (int64_t)i - 3; /* the final "." CRLF is not part of the message */
            message_complete(s);
            return i;
        }
    }
    s->message_bytes += (int64_t)i;
    return i;
}

static size_t take_chunk(struct session *s, size_t n)
{
    size_t taken = (int64_t)n < s->chunk_left ? n : (size_t)s->chunk_left;
    s->chunk_left -= (int64_t)taken;
    if (!s->chunk_left)
        chunk_complete(s);
    return taken;
}

static size_t take_line(struct session *s, const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n);
    size_t taken = lf ? (size_t)(lf - p) + 1 : n;
    if (s->line_length + taken >= LINE_MAX_BYTES) {
        answer(s, "500 5.5.2 Line too long\r\n");
        s->closing = 1;
        return n;
    }
    memcpy(s->line + s->line_length, p, taken);
    s->line_length += taken;
    if (lf) {
        size_t end = s->line_length;
        while (end && (s->line[end - 1] == '\n' || s->line[end - 1] == '\r'))
            end--;
        s->line[end] = 0;
        s->line_length = 0;
        if (http)
            header(s, s->line);
        else
            command(s, s->line);
    }
    return taken;
}

static void take(struct session *s, const char *p, size_t n)
{
    size_t before = s->length;
    while (n && !s->closing) {
        size_t taken = s->state == DATA    ? take_data(s, p, n)
                       : s->state == CHUNK ? take_chunk(s, n)
                       : s->state == BODY  ? take_body(s, p, n)
                                           : take_line(s, p, n);
        p += taken;
        n -= taken;
    }
    dispatch(s, before);
}

/* ---- sockets ---- */

static void read_from(struct session *s)
{
    ssize_t n = recv(s->fd, input, sizeof input, 0);
    if (n > 0)
        take(s, input, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        end_session(s);
}

static void start_session(int fd)
{
    int one = 1;
    for (int i = 0; i < SESSIONS; i++) {
        struct session *s = &sessions[i];
        if (s->fd >= 0)
            continue;
        struct session fresh = {.fd = fd, .generation = s->generation, .answers = s->answers, .room = s->room};
        *s = fresh;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &e))
            die("epoll_ctl");
        counters->sessions++;
        if (!http)
            answer(s, "220 sink.invalid ESMTP\r\n");
        dispatch(s, 0);
        return;
    }
    close(fd);
}

static int listening_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, SOMAXCONN) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        die("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void map_counters(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counters))
        die(path);
    counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (counters == MAP_FAILED)
        die("mmap");
    close(fd);
}

static int wait_for(struct epoll_event *events, int most)
{
    if (!release_count)
        return epoll_pwait2(poll_fd, events, most, NULL, NULL);
    int64_t left = releases[release_first].when - now();
    if (left < 0)
        left = 0;
    struct timespec time = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    return epoll_pwait2(poll_fd, events, most, &time, NULL);
}

static void serve(int listener)
{
    struct epoll_event events[256];
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = SESSIONS};
    if ((poll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &e))
        die("epoll");
    for (;;) {
        int n = wait_for(events, 256);
        if (n < 0 && errno != EINTR)
            die("epoll_pwait2");
        for (int i = 0; i < n; i++) {
            if (events[i].data.u32 == SESSIONS) {
                int fd;
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                    start_session(fd);
                continue;
            }
            struct session *s = &sessions[events[i].data.u32];
            if (s->fd >= 0 && events[i].events & EPOLLOUT) {
                watch(s, EPOLLIN);
                write_due(s);
            }
            if (s->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                read_from(s);
        }
        release_what_is_due();
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rtt") && i + 1 < argc)
            round_trip = (int64_t)(atof(argv[++i]) * 1e6);
        else if (!strcmp(argv[i], "--no-chunking"))
            chunking = 0;
        else if (!strcmp(argv[i], "--http"))
            http = 1;
        else
            path = argv[i];
    }
    if (!path) {
        fprintf(stderr, "usage: sink [--rtt MS] [--no-chunking | --http] COUNTERS\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlive the benchmark */
    for (int i = 0; i < SESSIONS; i++)
        sessions[i].fd = -1;
    map_counters(path);
    serve(listening_socket());
}
