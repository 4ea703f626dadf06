/**
 * The marks of a message after a `marked` event, for messages that you keep outside of `messages`.
 * @param {Marks | undefined} marks @param {Marked} marked @returns {Marks}
 */
export function withMarked(marks: Marks | undefined, marked: Marked): Marks;
/** A new id for a message: 128 random bits. (`crypto.randomUUID` is only there on https pages.) @returns {string} */
export function newId(): string;
/**
 * The ids of the users whom this user blocks, for `client.blocked`. Empty if the server stores no blocks.
 * @param {{ token?: string, base?: string | URL }} options   As for `TornchatClient`; the token itself.
 * @returns {Promise<Set<string>>}   Rejects if the server can't be reached or refuses.
 */
export function readBlocks({ token, base }: {
    token?: string;
    base?: string | URL;
}): Promise<Set<string>>;
/**
 * The name of the one room of this user and the users with these ids, for a `TornchatClient`.
 * @param {{ token?: string, base?: string | URL, userIds: string[] }} options   As for `TornchatClient`; the token itself.
 * @returns {Promise<string>}   Rejects with a `TornchatError`: "not_found" if one of them can't be reached, and others.
 */
export function openDirect({ token, base, userIds }: {
    token?: string;
    base?: string | URL;
    userIds: string[];
}): Promise<string>;
/**
 * Make this user a member of the room of an invite. It may be accepted again.
 * @param {{ token?: string, base?: string | URL, invite: string }} options   `invite` is the token of the invite.
 * @returns {Promise<string>}   The name of the room. Rejects with a `TornchatError`: "invite_expired",
 *   "invite_used_up", "not_found" if it was revoked or the room was deleted, and others.
 */
export function acceptInvite({ token, base, invite }: {
    token?: string;
    base?: string | URL;
    invite: string;
}): Promise<string>;
/**
 * What was not sent. `code` is a documented error code, or "closed"; with "stale", there is the present `revision`, or
 * `length` of an open message.
 */
export class TornchatError extends Error {
    /** @param {string} code @param {string} text @param {number} [revision] @param {number} [length] */
    constructor(code: string, text: string, revision?: number, length?: number);
    code: string;
    revision: number | undefined;
    length: number | undefined;
}
/**
 * One room, kept connected. Events, each with its `detail`: `state` (State), `welcome` (Welcome), `message` (Message),
 * `changed` (Changed), `appended` (Appended), `marked` (Marked), `deleted` ({seq, position}), `caughtup` ({position}: what follows is live), `users` ({users: Participant[]}), `join` and `leave` ({user_id, username}),
 * `room` ({title, topic, kind}: what the room says of itself from then on), `typing` ({user_id, thread?}: for at most 8 s, until
 * a message or the leave of the user), `read` ({seq}: how far you have read, on any device), `readstate` ({user_id, seq}: another
 * user, if the server tells it), `error`
 * ({code, error, retry_after?}: a refusal that belongs to no message).
 */
export class TornchatClient extends EventTarget {
    /** @param {Options} options */
    constructor({ room, token, base, position }: Options);
    /** Ids of users whose messages are not told; see `readBlocks`. It may be changed at any time. @type {Set<string>} */
    blocked: Set<string>;
    /**
     * Hear of an event; TypeScript knows the detail of each.
     * @template {keyof Events} T
     * @param {T} type
     * @param {((event: CustomEvent<Events[T]>) => void) | EventListenerObject | null} listener
     * @param {boolean | AddEventListenerOptions} [options]
     */
    addEventListener<T extends keyof Events>(type: T, listener: ((event: CustomEvent<Events[T]>) => void) | EventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    /** The newest messages, as they are now, by `seq`, oldest first. Don't change it. @returns {Map<number, Message>} */
    get messages(): Map<number, Message>;
    /** How it stands now. @returns {State} */
    get state(): State;
    /** The last place that was told, to resume after. @returns {Position | null} */
    get position(): Position | null;
    /** Connect, and stay connected until `close`. While it waits for the next attempt: try now. */
    connect(): void;
    /**
     * You have read up to this place. It never goes back, except with `force`.
     * @param {number} seq @param {{force?: boolean}} [options]
     * @returns {boolean}   False: there is no connection, and nothing was told.
     */
    read(seq: number, { force }?: {
        force?: boolean;
    }): boolean;
    /**
     * You are typing: call it every 3 seconds while that is so.
     * @param {number} [thread]   The place of the message in whose thread.
     * @returns {boolean}   False: there is no connection, and nothing is shown.
     */
    typing(thread?: number): boolean;
    /** Leave for good. What is not acknowledged is refused with the code "closed". */
    close(): void;
    /**
     * Send a message, now or as soon as there is a connection. With `open: true` it is streamed: `append` adds to it.
     * @param {string} text
     * @param {string} [id]   Yours, from `newId`; sending an id again with the same text stores nothing twice.
     * @param {Extras} [extras]
     * @returns {Promise<{id: string, seq: number}>}   It is stored. Rejects with a `TornchatError` if it is not.
     */
    send(text: string, id?: string, { reply_to, thread, mentions, meta, kind, data, open }?: Extras): Promise<{
        id: string;
        seq: number;
    }>;
    /**
     * Add a piece to an open message of yours. If it is not as long as you say, the error has the code "stale".
     * @param {number} seq
     * @param {number} offset     The length of its text in code points: `[...text].length`.
     * @param {string} text
     * @param {string} [id]
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    append(seq: number, offset: number, text: string, id?: string): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    /**
     * End an open message of yours: "complete", "cancelled" or "failed". (`close` ends the connection.)
     * @param {number} seq
     * @param {Ending} [status]
     * @param {string} [id]
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    closeMessage(seq: number, status?: Ending, id?: string): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    /**
     * Give a message of yours another text. If it was changed meanwhile, the error has the code "stale".
     * @param {number} seq
     * @param {string} text
     * @param {number} [revision]   The one that the new text is made of; that of the message in `messages`.
     * @param {string} [id]
     * @param {{meta?: object}} [extras]   Without `meta`, that of the message stays as it is.
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    edit(seq: number, text: string, revision?: number, id?: string, { meta }?: {
        meta?: object;
    }): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    /**
     * Delete a message of yours, or as a moderator.
     * @param {number} seq
     * @param {string} [id]
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    delete(seq: number, id?: string): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    /**
     * Replace what you have put on a message, such as reactions, by these tokens; none removes it.
     * @param {number} seq
     * @param {string[]} tokens     At most 20, such as emoji.
     * @param {string} [kind]
     * @param {string} [id]
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    mark(seq: number, tokens: string[], kind?: string, id?: string): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    /**
     * Change a message in the way of a kind that a plugin of the server brings, such as closing a poll.
     * @param {number} seq
     * @param {string} kind
     * @param {object} [data]       What this kind wants to know.
     * @param {string} [id]
     * @returns {Promise<{id: string, seq: number, position: number}>}
     */
    revise(seq: number, kind: string, data?: object, id?: string): Promise<{
        id: string;
        seq: number;
        position: number;
    }>;
    #private;
}
export type Participant = {
    id: string;
    username: string;
};
/**
 * A place in the room's log.
 */
export type Position = {
    epoch: string;
    seq: number;
};
/**
 * A `message` event's detail.
 */
export type Message = {
    /**
     * Its place in the log; `message_deleted` names it.
     */
    seq: number;
    /**
     * The text; empty if it was deleted.
     */
    message: string;
    sender_id: string;
    sender_username: string;
    /**
     * When it was stored, RFC 3339 in UTC.
     */
    timestamp: string;
    /**
     * How often it was edited, if it was.
     */
    revision?: number | undefined;
    /**
     * When last.
     */
    edited_at?: string | undefined;
    /**
     * The place of the last entry that acted on it, if one did.
     */
    position?: number | undefined;
    /**
     * The place of the message that it answers.
     */
    reply_to?: number | undefined;
    /**
     * The place of the message whose thread it is in.
     */
    thread?: number | undefined;
    /**
     * Ids of users; `room`: everybody.
     */
    mentions?: {
        users: string[];
        room: boolean;
    } | undefined;
    /**
     * What the application said about it.
     */
    meta?: object | undefined;
    /**
     * Its own thread, without deleted messages, if it has one.
     */
    replies?: {
        count: number;
        last_seq: number;
    } | undefined;
    /**
     * How it is marked, if it is.
     */
    marks?: {
        [x: string]: {
            [x: string]: {
                count: number;
                users?: string[];
            };
        };
    } | undefined;
    /**
     * Its kind, if it is one that a plugin of the server brings.
     */
    kind?: string | undefined;
    /**
     * What its kind says of it.
     */
    data?: object | undefined;
    /**
     * It is being streamed: it grows until it is closed.
     */
    open?: boolean | undefined;
    /**
     * How it ended, if it was streamed.
     */
    status?: Ending | undefined;
};
export type Ending = "complete" | "cancelled" | "failed";
/**
 * Kind, such as "reaction" -> token, such as an emoji -> how many users have it, and who, unless they are many.
 */
export type Marks = {
    [x: string]: {
        [x: string]: {
            count: number;
            users?: string[];
        };
    };
};
/**
 * A `changed` event's detail. A message outside of `messages` that you keep is older if
 *                                  its position is lower; ignore changes of those that you don't.
 */
export type Changed = {
    seq: number;
    /**
     * The place of the edit itself.
     */
    position: number;
    revision: number;
    /**
     * The new text.
     */
    message?: string | undefined;
    edited_at?: string | undefined;
    /**
     * The new one.
     */
    meta?: object | undefined;
    /**
     * How it is marked now, if that may have changed.
     */
    marks?: {
        [x: string]: {
            [x: string]: {
                count: number;
                users?: string[];
            };
        };
    } | undefined;
    /**
     * What its kind says of it now, if that may have changed.
     */
    data?: object | undefined;
    /**
     * Of a streamed message: whether it still is.
     */
    open?: boolean | undefined;
    /**
     * How it ended.
     */
    status?: Ending | undefined;
};
/**
 * An `appended` event's detail: an open message has grown.
 */
export type Appended = {
    seq: number;
    /**
     * The place of the piece.
     */
    position: number;
    /**
     * Where the piece begins in the text, in code points.
     */
    offset: number;
    /**
     * The piece. `messages` has the whole text.
     */
    message: string;
};
/**
 * A `marked` event's detail: users have marked a message, or have taken marks back.
 */
export type Marked = {
    /**
     * Such as "reaction".
     */
    kind: string;
    seq: number;
    /**
     * The place of the last of these marks.
     */
    position: number;
    /**
     * How many users have each token that changed; 0: nobody any more.
     */
    counts: {
        [x: string]: number;
    };
    /**
     * In their order.
     */
    changes: {
        user_id: string;
        added: string[];
        removed: string[];
    }[];
};
/**
 * What a message may say beyond its text.
 */
export type Extras = {
    /**
     * The place of the message that it answers.
     */
    reply_to?: number | undefined;
    /**
     * The place of the message whose thread it is in.
     */
    thread?: number | undefined;
    /**
     * Ids of users, at most 50; `room`: everybody.
     */
    mentions?: {
        users?: string[];
        room?: boolean;
    } | undefined;
    /**
     * A JSON object, at most 8 KiB, 32 levels deep.
     */
    meta?: object | undefined;
    /**
     * A kind of messages that a plugin of the server brings.
     */
    kind?: string | undefined;
    /**
     * What this kind wants to know, at most 8 KiB.
     */
    data?: object | undefined;
    /**
     * It is streamed.
     */
    open?: boolean | undefined;
};
/**
 * A `welcome` event's detail: the first of every connection.
 */
export type Welcome = {
    room: string;
    /**
     * Yourself, as the server knows you.
     */
    user: Participant;
    epoch: string;
    /**
     * Messages up to it are history, later ones are live.
     */
    seq: number;
    /**
     * False: drop what you show, the newest history follows.
     */
    recovered: boolean;
    /**
     * How far you have read, on any device, if the server can tell.
     */
    read_seq?: number | undefined;
    /**
     * The number of messages after it.
     */
    unread?: number | undefined;
};
/**
 * A `state` event's detail.
 */
export type State = {
    state: "idle" | "connecting" | "open" | "waiting" | "closed";
    /**
     * How many connections in a row have failed.
     */
    attempt?: number | undefined;
    /**
     * With "waiting": when the next attempt begins, as `Date.now()` counts.
     */
    retryAt?: number | undefined;
    /**
     * With "closed": the final close code; none after `close()`.
     */
    code?: number | undefined;
    reason?: string | undefined;
};
/**
 * What is sent, until it is acknowledged.
 */
export type Frame = {
    id: string;
    type: string;
    message?: string;
} & Record<string, unknown>;
/**
 * The events, and their details.
 */
export type Events = {
    state: State;
    welcome: Welcome;
    message: Message;
    changed: Changed;
    appended: Appended;
    marked: Marked;
    deleted: {
        seq: number;
        position: number;
    };
    caughtup: {
        position: number;
    };
    users: {
        users: Participant[];
    };
    join: {
        user_id: string;
        username: string;
    };
    leave: {
        user_id: string;
        username: string;
    };
    /**
     * What the room says of itself from then on.
     */
    room: {
        title: string;
        topic: string;
        kind: string;
    };
    error: {
        code: string;
        error: string;
        retry_after?: number;
    };
};
export type Options = {
    room: string;
    /**
     * A function is asked before each connection, also
     * when the token of an open one has ended. None: the site's own login, such as a cookie, says who this is.
     */
    token?: string | (() => string | Promise<string>) | undefined;
    /**
     * Where the chat is mounted, such as "https://example.org/talk/"; this page.
     */
    base?: string | URL | undefined;
    /**
     * Resume after it at once, as a page does that has kept its messages.
     */
    position?: Position | undefined;
};
