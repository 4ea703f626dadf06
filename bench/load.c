/* The load generator: the clients of one server, in one epoll loop. bench/native.py starts it, tells it on
   stdin what to do, and reads its answers on stdout, a line each. First comes a line with the port, the
   numbers of rooms and of clients, the milliseconds of silence after which messages are taken for lost, and
   where the number is in a message's frame. Then come byte strings, each after a line with its size: a
   message's frame, what says that one is in, the server's own ping and its answer; then for each client a
   line with its room, its request and its greeting. The first client of a room is its sender.
   `talk N SECONDS` keeps N messages of each room unanswered. `pace RATE SECONDS` sends RATE messages a second
   in each room, whether they are answered or not; their latency counts from when they were due. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 22, BATCH = 100, DIGITS = 8, BUCKETS = 4096, LINE = 200 };
enum { ASKED, GREETED, ENTERED };
#define SECOND 1000000000LL
#define PATIENCE (60 * SECOND)
#define SETTLED 300 /* milliseconds without a byte after which nothing more is expected */
typedef unsigned char byte;
struct text { long size; byte *bytes; };
struct client { int fd, state; struct room *room; struct text request, greeting, rest; long expected; };
struct room { struct client *sender; long members, received, sent, room_for, unanswered; int64_t *due, at; };
static struct client *clients;
static struct room *rooms;
static struct text message, entered, ping, pong;
static long room_count, client_count, number_at, most, misplaced, latencies[BUCKETS];
static int64_t silence, worst;
static int poller, timer, port;
static byte block[BLOCK];

static void fail(const char *why) { printf("error %s\n", why); exit(1); }
static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* --- what is asked ------------------------------------------------------------------------------------- */

static void line(char *text) { if (!fgets(text, LINE, stdin)) exit(0); }
static long number(void) { char text[LINE]; line(text); return atol(text); }
static struct text string(void) {
    struct text text = {number(), NULL};
    text.bytes = malloc(text.size + 1);
    if (fread(text.bytes, 1, text.size, stdin) != (size_t)text.size) exit(1);
    return text;
}
static void read_clients(void) {
    char text[LINE];
    line(text);
    sscanf(text, "%d %ld %ld %ld %ld", &port, &room_count, &client_count, &silence, &number_at);
    silence *= 1000000;
    message = string(), entered = string(), ping = string(), pong = string();
    clients = calloc(client_count, sizeof *clients), rooms = calloc(room_count, sizeof *rooms);
    for (struct client *client = clients; client < clients + client_count; client++) {
        client->room = rooms + number(), client->request = string(), client->greeting = string();
        if (!client->room->members++) client->room->sender = client;
    }
}
static int busy(void) { char text[LINE]; puts("busy?"); line(text); return *text == 'y'; }

/* --- sending ------------------------------------------------------------------------------------------- */

static void put(struct client *client, const byte *bytes, long size) {
    while (size > 0) {
        ssize_t sent = send(client->fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0) fail("the server takes no more");
        bytes += sent, size -= sent;
    }
}
static void note(struct room *room, int64_t due) {
    if (room->sent == room->room_for) {
        room->room_for = room->room_for ? room->room_for * 2 : 1024;
        room->due = realloc(room->due, room->room_for * sizeof *room->due);
    }
    room->due[room->sent++] = due;
}
static void say(struct room *room, long count, int64_t due) {
    byte *frames = malloc(count * message.size), *at = frames;
    for (long i = 0; i < count; i++, at += message.size) {
        char digits[24];
        snprintf(digits, sizeof digits, "%08ld", room->sent);
        memcpy(at, message.bytes, message.size);
        for (int k = 0; k < DIGITS; k++) at[number_at + k] ^= '0' ^ digits[k];
        note(room, due);
    }
    put(room->sender, frames, at - frames);
    free(frames);
}
static void fill(struct room *room, long answered) {
    long missing = most - (room->unanswered -= answered);
    if (missing <= 0) return;
    room->unanswered += missing, room->at = now();
    say(room, missing, room->at);
}
static void answer(struct client *client, const byte *payload, long size) {
    if (size > 125) fail("the server sent a ping that is too long");
    byte frame[6 + 125] = {0x8a, 0x80 | size}; /* a mask of noughts leaves all as it is */
    memcpy(frame + 6, payload, size);
    put(client, frame, 6 + size);
}

/* --- receiving ----------------------------------------------------------------------------------------- */

static void measure(int64_t latency) {
    int power = latency < 64 ? 0 : 63 - __builtin_clzll(latency);
    latencies[power ? (power - 5) * 64 + (latency >> (power - 6) & 63) : latency < 0 ? 0 : latency]++;
    if (latency > worst) worst = latency;
}
static void count(struct client *client, long number, int64_t at) {
    struct room *room = client->room;
    room->received++;
    misplaced += number != client->expected || number >= room->sent;
    client->expected = number + 1;
    if (number < room->sent) measure(at - room->due[number]);
}
static long marks(struct client *client, byte *text, byte *end, int64_t at) {
    long found = 0;
    for (byte *mark; (mark = memmem(text, end - text, "#0", 2)) && mark + 2 + DIGITS <= end; found++) {
        long number = 0;
        for (int k = 0; k < DIGITS; k++) number = number * 10 + mark[2 + k] - '0';
        count(client, number, at), text = mark + 2 + DIGITS;
    }
    return found;
}
static byte *payload(byte *at, byte *end, byte **frame_end) {
    uint64_t size;
    int head = end - at < 2 ? 2 : (at[1] & 127) == 126 ? 4 : (at[1] & 127) == 127 ? 10 : 2;
    if (end - at < head) return NULL;
    size = at[1] & 127;
    if (head > 2) size = 0;
    for (int k = 2; k < head; k++) size = size << 8 | at[k];
    if (size > BLOCK - 10) fail("the server sent a frame that is too long");
    *frame_end = at + head + size;
    return *frame_end <= end ? at + head : NULL;
}
static long take(struct client *client, byte *frame, byte *text, byte *end, int64_t at) {
    long size = end - text;
    if ((*frame & 15) == 8) fail("the server closed a connection");
    if ((*frame & 15) == 9) return answer(client, text, size), 0;
    if (ping.size && end - frame == ping.size && !memcmp(frame, ping.bytes, ping.size))
        return put(client, pong.bytes, pong.size), 0;
    if (client->state == ENTERED) return marks(client, text, end, at);
    if (memmem(text, size, entered.bytes, entered.size)) client->state = ENTERED;
    return 0;
}
static byte *admit(struct client *client, byte *at, byte *end) {
    byte *head = memmem(at, end - at, "\r\n\r\n", 4);
    if (!head) return at;
    *(byte *)memchr(at, '\r', end - at) = 0;
    if (!strstr((char *)at, " 101 ")) printf("error the server answered '%s'\n", at), exit(1);
    put(client, client->greeting.bytes, client->greeting.size);
    client->state = entered.size ? GREETED : ENTERED;
    return head + 4;
}
static void keep(struct text *rest, const byte *at, long size) {
    if (size) rest->bytes = realloc(rest->bytes, size), memcpy(rest->bytes, at, size);
    rest->size = size;
}
static void hear(struct client *client) {
    byte *at = block, *text, *frame_end, *end;
    long kept = client->rest.size;
    if (kept) memcpy(block, client->rest.bytes, kept);
    ssize_t got = recv(client->fd, block + kept, BLOCK - kept, 0);
    if (got <= 0) fail("the server closed a connection");
    int64_t came = now();
    end = block + kept + got;
    if (client->state == ASKED) at = admit(client, at, end);
    for (; client->state != ASKED && (text = payload(at, end, &frame_end)); at = frame_end) {
        long answered = take(client, at, text, frame_end, came);
        /* each delivery is answered by a send of its own, as many independent clients would */
        if (answered && most && client->room->sender == client) fill(client->room, answered);
    }
    keep(&client->rest, at, end - at);
}
static int turn(int milliseconds) {
    struct epoll_event events[1024];
    uint64_t times;
    int ready = epoll_wait(poller, events, 1024, milliseconds);
    for (int i = 0; i < ready; i++)
        if (events[i].data.ptr) hear(events[i].data.ptr);
        else if (read(timer, &times, sizeof times) < 0) fail("the timer can't be read");
    return ready > 0;
}

/* --- entering ------------------------------------------------------------------------------------------ */

static void watch(int fd, void *who) {
    struct epoll_event event = {EPOLLIN, {.ptr = who}};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}
static void join(struct client *client) {
    struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
    struct timeval patience = {PATIENCE / SECOND, 0};
    int one = 1;
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (void *)&address, sizeof address)) fail("it can't connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    watch(client->fd, client);
    put(client, client->request.bytes, client->request.size);
}
static void await_entry(struct client *first, struct client *end) {
    int64_t deadline = now() + PATIENCE;
    for (; first < end; first++)
        while (first->state != ENTERED) {
            turn(100);
            if (now() > deadline) fail("somebody was not let in within 60 s");
        }
}
static void enter(void) {
    struct client *end = clients + client_count, *batch_end;
    for (struct client *first = clients; first < end; first = batch_end) {
        batch_end = end - first > BATCH ? first + BATCH : end;
        for (struct client *client = first; client < batch_end; client++) join(client);
        await_entry(first, batch_end);
    }
    while (turn(SETTLED)) continue;
    puts("entered");
}

/* --- measuring ----------------------------------------------------------------------------------------- */

static void forget(void) {
    memset(latencies, 0, sizeof latencies), misplaced = worst = 0;
    for (long i = 0; i < client_count; i++) clients[i].expected = 0;
    for (long i = 0; i < room_count; i++) rooms[i].received = rooms[i].sent = rooms[i].unanswered = 0;
}
static long lost(void) {
    long missing = 0;
    for (long i = 0; i < room_count; i++) missing += rooms[i].sent * rooms[i].members - rooms[i].received;
    return missing;
}
static void hear_out(void) {
    int64_t end = now() + PATIENCE, heard = now();
    while (lost() > 0 && now() < end) {
        if (turn(50)) heard = now();
        else if (now() - heard > silence && !busy()) return;
        else if (now() - heard > silence) heard = now();
    }
}
static void revive(void) {
    for (long i = 0; i < room_count; i++)
        if (now() - rooms[i].at > silence) fill(rooms + i, rooms[i].unanswered);
}
static int waits(void) {
    for (long i = 0; i < room_count; i++) if (now() - rooms[i].at > silence) return 1;
    return 0;
}
static void talk(long in_flight, double seconds) {
    int64_t end = now() + seconds * SECOND, looked = now();
    most = in_flight;
    for (long i = 0; i < room_count; i++) fill(rooms + i, 0);
    for (int64_t left; (left = end - now()) > 0;) {
        turn(left < SECOND / 10 ? left / 1000000 : 100);
        if (now() - looked < silence) continue;
        if (waits() && !busy()) revive();
        looked = now();
    }
    most = 0;
}
static void await(int64_t due) {
    struct itimerspec when = {{0, 0}, {due / SECOND, due % SECOND}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
    turn(-1);
}
static void pace(double rate, double seconds) {
    long total = rate * room_count * seconds;
    int64_t start = now();
    for (long number = 0; number < total;) {
        int64_t due = start + number * (SECOND / (rate * room_count));
        if (due <= now()) say(rooms + number++ % room_count, 1, due);
        else await(due);
    }
}
static double percentile(double share) {
    long all = 0, seen = 0, place = 0;
    for (int i = 0; i < BUCKETS; i++) all += latencies[i];
    while (place < BUCKETS - 1 && (seen += latencies[place]) <= (long)(share * all)) place++;
    return (place < 64 ? place : (64LL + place % 64) << (place / 64 - 1)) / (double)SECOND;
}
static void report(void) {
    long received = 0;
    for (long i = 0; i < room_count; i++) received += rooms[i].received;
    printf("said %ld %ld %ld ", received, lost(), misplaced);
    printf("%.9f %.9f %.9f\n", percentile(0.5), percentile(0.99), worst / (double)SECOND);
}
int main(void) {
    char text[LINE], word[LINE];
    double amount, seconds;
    setvbuf(stdout, NULL, _IOLBF, 0);
    poller = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), watch(timer, NULL);
    for (read_clients(), enter();;) {
        line(text);
        if (sscanf(text, "%s %lf %lf", word, &amount, &seconds) != 3) return 1;
        forget();
        if (*word == 't') talk(amount, seconds); else pace(amount, seconds);
        hear_out(), report();
    }
}
