/* What this machine can do at most: epoll, and nothing that a chat needs besides. `limit PORT [joined]`:
   one send per member and message, or, joined, one per member and turn of the loop. It trusts its clients,
   answers every handshake alike, and only complains where a send is short. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 32768, READ = 65536, TEXT = 64 };
enum { ASKED = 6 + 12 + TEXT + 2, TOLD = 2 + 34 + TEXT + 2, NEWS = TOLD * 4096 };
#define ANSWER "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
struct room { char *name; int *members, count, size; unsigned char *news; struct room *next; };
static struct room *rooms, *room_of[FDS], *dirty[FDS];
static unsigned char *rest[FDS], block[READ + ASKED];
static int rest_size[FDS], joined, dirties, poller;

static void fail(const char *why) { perror(why); exit(1); }
static void put(int fd, const void *data, int size) {
    if (send(fd, data, size, MSG_NOSIGNAL) != size) perror("a short send");
}
static void flush(struct room *room) {
    for (int i = 0; i < room->count; i++) put(room->members[i], room->news, room->size);
    room->size = 0;
}
static void enter(int fd, char *request) {
    struct room *room = rooms;
    char *name = request + strlen("GET /ws/chat/");
    *strchr(name, '/') = 0;
    while (room && strcmp(room->name, name)) room = room->next;
    if (!room) {
        room = calloc(1, sizeof *room), room->next = rooms, rooms = room;
        room->name = strdup(name), room->members = calloc(FDS, sizeof(int)), room->news = malloc(NEWS);
    }
    room_of[fd] = room, room->members[room->count++] = fd, rest[fd] = malloc(ASKED);
    put(fd, ANSWER, strlen(ANSWER));
}
static void leave(int fd) {
    struct room *room = room_of[fd];
    for (int i = 0; room && i < room->count; i++)
        if (room->members[i] == fd) room->members[i--] = room->members[--room->count];
    free(rest[fd]), rest[fd] = NULL, room_of[fd] = NULL, rest_size[fd] = 0, close(fd);
}
static void say(struct room *room, unsigned char *frame) {
    unsigned char *told = room->news + room->size, *mask = frame + 2;
    memcpy(told, "\x81\x64{\"type\":\"chat_message\",\"message\":\"", 36);
    for (int i = 0; i < TEXT + 2; i++) told[36 + i] = frame[18 + i] ^ mask[i & 3];
    if (!room->size) dirty[dirties++] = room;
    room->size += TOLD;
    if (!joined || room->size + TOLD > NEWS) flush(room), dirties -= dirty[dirties - 1] == room;
}
static void hear(int fd) {
    memcpy(block, rest[fd], rest_size[fd]);
    int got = recv(fd, block + rest_size[fd], READ, 0), at = 0;
    if (got <= 0) { leave(fd); return; }
    for (got += rest_size[fd]; got - at >= ASKED; at += ASKED) say(room_of[fd], block + at);
    memcpy(rest[fd], block + at, rest_size[fd] = got - at);
}
int main(int count, char **words) {
    struct sockaddr_in address = {AF_INET, htons(atoi(words[1])), {htonl(INADDR_LOOPBACK)}, {0}};
    struct epoll_event events[1024], event = {EPOLLIN, {.fd = socket(AF_INET, SOCK_STREAM, 0)}};
    int listener = event.data.fd, one = 1;
    joined = count > 2, poller = epoll_create1(0);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) fail("can't listen");
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poller, events, 1024, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept(listener, NULL, NULL);
                setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (room_of[fd]) hear(fd);
            else {
                int got = recv(fd, block, READ, 0);
                block[got > 0 ? got : 0] = 0;
                if (got > 0) enter(fd, (char *)block); else leave(fd);
            }
        }
        while (dirties) flush(dirty[--dirties]);
    }
}
