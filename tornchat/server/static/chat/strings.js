/** Every text of the page that people read, in English; `strings.de.js` has them in German. */

/** How many of something: "1 person", "2,000 people". @param {number} count @param {string} one @param {string} [many] */
const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const en = {
  // --- the door
  name: "Your name",
  nameMissing: "Choose a name first: it stands beside what you write.",
  join: "Join the chat",
  token: "Your token",
  tokenWrong: "That is no token. One is a single word without spaces; paste all of it.",
  signIn: "Sign in",
  haveToken: "I have a token",
  chooseName: "Choose a name instead",
  noGuests:
    "This chat lets nobody in without a login or a token. If it belongs to a site, sign in there and reload this page. " +
    "Otherwise ask whoever runs it for a token, or, on the server, run {command} and paste what it prints.",
  tokenCommand: "tornchat token YOUR-NAME",
  moment: "One moment …",
  away: "The chat can't be reached now. Trying again until it can …",
  tokenRefused: "The server does not accept this token: it is expired, or for another server. Get a new one.",
  guestsRefused: "Guests are not let in from here. Sign in with a token instead.",
  nameRefused: "This name can't be used. Take up to 64 letters, digits, spaces and signs.",
  /** @param {number} seconds */
  tooManyTries: (seconds) => `Too many tries. Wait ${seconds} seconds, then try again.`,
  sessionEnded: "Your session has ended. Sign in again to go on.",
  colours: { system: "Colours: system", light: "Colours: light", dark: "Colours: dark" },
  notices: "Notices",
  dismiss: "Dismiss",

  // --- times
  today: "Today",
  yesterday: "Yesterday",
  units: {
    second: (/** @type {number} */ count) => counted(count, "second"),
    minute: (/** @type {number} */ count) => counted(count, "minute"),
    hour: (/** @type {number} */ count) => counted(count, "hour"),
    day: (/** @type {number} */ count) => counted(count, "day"),
  },

  // --- the connection
  unreachable: "The server can't be reached. Check your connection and try again.",
  /** @param {number} status */
  answered: (status) => `The server answered ${status}.`,
  notOffered: "This server does not offer that.",
  notConnected: "Not connected. What you write is sent later.",
  tryNow: "Try now",
  tryAgain: "Try again",
  /** @param {string} time */
  tryingIn: (time) => `Trying again in ${time}.`,
  reconnecting: "Reconnecting …",
  noRoom: "There is no room {room}, or it is not open to you.",
  /** @param {string} room */
  goTo: (room) => `Go to ${room}`,
  removed: "A moderator removed you from this room.",
  comeBack: "Try to come back",

  // --- a message
  edited: "edited",
  guest: "Guest",
  deleted: "This message was deleted.",
  sending: "Sending",
  stored: "Stored",
  notSent: "Not sent.",
  notEdited: "Not changed.",
  retry: "Retry",
  editAgain: "Edit",
  discard: "Discard",
  showAll: "Show all",
  showLess: "Show less",
  inReplyTo: "In reply to {quote}",
  earlierMessage: "an earlier message",
  deletedMessage: "a deleted message",

  // --- what can be done with a message
  actions: "Actions for this message",
  more: "More actions",
  react: "React to this message",
  reply: "Reply to this message",
  edit: "Edit this message",
  erase: "Delete this message",
  copyText: "Copy the text",
  copied: "Copied.",
  notCopied: "The browser does not allow copying here.",
  eraseAsk: "Delete this message?",
  eraseDo: "Delete",
  cancel: "Cancel",

  copyLink: "Copy the link",
  openThread: "Open the thread",
  report: "Report to the moderators",
  reportAsk: "Report this message?",
  reportWhy: "What is wrong with it?",
  reportHint: "The moderators of the room see this, and who wrote it.",
  reportEmpty: "Say what is wrong, so that the moderators know.",
  reportDo: "Report",
  reported: "The moderators will see it.",
  reports: "Reports",
  resolve: "Done",
  dismissReport: "Dismiss",
  reportClosed: "The report is closed.",

  // --- threads
  thread: "Thread",
  /** @param {number} count */
  replies: (count) => counted(count, "reply", "replies"),
  replyInThread: "Reply in the thread",
  inThread: "In a thread",
  messagesInThread: "Messages in the thread; the arrow keys go from one to the next",

  // --- slow mode
  slowMode: "Slow mode: one message every",
  off: "off",
  /** @param {string} length */
  slowOn: (length) => `Slow mode is on: one message every ${length}.`,
  slowOff: "Slow mode is off.",
  /** @param {string} length */
  slowWait: (length) => `Slow mode: you can write again in ${length}.`,

  copyCode: "Copy the code",
  spoiler: "Hidden text; press to show",

  // --- reactions
  reactions: "Reactions",
  chooseEmoji: "Choose an emoji",
  findEmoji: "Find an emoji",
  noEmoji: "No emoji has this name.",
  /** @param {string} emoji @param {number} count */
  reaction: (emoji, count) => `${emoji}, ${counted(count, "person", "people")}`,
  /** @param {string[]} names @param {number} others */
  reactedBy: (names, others) => [...names, ...(others ? [counted(others, "other")] : [])].join(", "),
  you: "you",

  // --- the timeline
  entering: "Entering {room} …",
  loadingOlder: "Loading older messages …",
  loadingNewer: "Loading newer messages …",
  olderFailed: "Older messages could not be loaded.",
  newerFailed: "Newer messages could not be loaded.",
  loadOlder: "Load older messages",
  quiet: "It is quiet here",
  beginning: "The beginning of {room}",
  nobodyWrote: "Nobody has written in {room} yet. Write the first message.",
  nothingBefore: "Nothing was written before this.",
  toNewest: "To the newest",
  new: "New",
  /** @param {number} count */
  newMessages: (count) => counted(count, "new message"),

  /** @param {string} room */
  messagesIn: (room) => `Messages in ${room}; the arrow keys go from one to the next`,

  /** @param {number} count @param {string} time */
  newSince: (count, time) => `${count} new since ${time}`,
  markRead: "Mark read",
  gone: "That message is no longer there.",

  // --- rooms
  rooms: "Rooms",
  star: "Favourite: at the top of the list",
  starred: "favourite",
  inbox: "Mentions",
  inboxEmpty: "Nobody has mentioned you yet. What people write with @ and your name comes here, from all rooms.",
  /** @param {number} count */
  mentions: (count) => counted(count, "mention"),
  /** @param {string[]} names @param {number} more */
  typing: (names, more) => {
    const all = more ? [...names, counted(more, "other")] : names;
    return `${all.length < 2 ? all[0] : `${all.slice(0, -1).join(", ")} and ${all[all.length - 1]}`} ${all.length < 2 ? "is" : "are"} typing …`;
  },
  /** @param {string[]} names */
  seenBy: (names) => `Seen by ${names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${counted(names.length - 3, "other")}` : names.join(", ")}`,
  createRoom: "Create a room",
  roomName: "Its name",
  roomNameHint: "Letters, digits, “-” and “_”, such as {example}.",
  privateRoom: "Private: only for those who are let in",
  create: "Create",
  noRoomsHere: "This server does not let rooms be made here.",
  findRoom: "Find a room",
  noSuchRoom: "No room has “{name}” in its name.",
  drafted: "Draft",
  /** @param {number} count */
  unread: (count) => `${count} unread`,
  dashboard: "Dashboard",
  signOut: "Sign out",

  /** @param {string} room */
  room: (room) => `Room ${room}`,
  /** @param {number} count */
  roomsUnread: (count) => `Rooms, ${count} unread`,
  search: "Search",

  // --- what a room is
  aboutRoom: "About this room",
  title: "Title",
  topic: "Topic",
  saved: "Saved.",
  copyRoomLink: "Copy the link to this room",
  invite: "Copy an invite link",
  members: "Members",
  roles: { owner: "Owner", moderator: "Moderator", member: "Member" },
  leave: "Leave this room",
  /** @param {string} room */
  hasLeft: (room) => `You have left ${room}.`,
  deleteRoom: "Delete this room",
  deleteRoomAsk: "Its messages are deleted for everybody. Type {name} to go on.",
  /** @param {string} room */
  roomDeleted: (room) => `${room} was deleted.`,
  /** @param {string} name */
  talkTo: (name) => `Talk to ${name} alone`,

  // --- people
  /** @param {number} count */
  peopleHere: (count) => `${counted(count, "person", "people")} here`,
  /** @param {number} count */
  here: (count) => `${count === 1 ? "person" : "people"} here`,
  blocked: "Blocked",
  blockedByYou: "Blocked by you",
  /** @param {string} name */
  block: (name) => `Block ${name}`,
  unblock: "Unblock",
  /** @param {string} name */
  unblockName: (name) => `Unblock ${name}`,
  /** @param {string} name */
  hidden: (name) => `Messages of ${name} are hidden.`,
  /** @param {string} name */
  shown: (name) => `Messages of ${name} are shown again.`,
  /** @param {string} name */
  moderate: (name) => `Moderate ${name}`,
  for: "For",
  muteDo: "Mute",
  banDo: "Ban",
  removeDo: "Remove",
  removeAsk: "Remove from the room?",
  banAsk: "Ban from the room?",
  /** @param {string} name */
  removeTold: (name) => `${name} is removed now, and may come back.`,
  /** @param {string} name @param {string} term */
  banTold: (name, term) => `${name} is removed and can't come back for ${term}.`,
  /** @param {string} name */
  wasRemoved: (name) => `${name} was removed.`,
  /** @param {string} name @param {string} term */
  wasMuted: (name, term) => `${name} is muted for ${term}.`,
  /** @param {string} name @param {string} term */
  wasBanned: (name, term) => `${name} is banned for ${term}.`,
  sanctions: "Muted and banned",
  /** @param {boolean} banned @param {string | null} left */
  sanction: (banned, left) => `${banned ? "Banned" : "Muted"} ${left ? `for ${left} more` : "for ever"}`,
  lift: "Lift",
  /** @param {string} name */
  liftName: (name) => `Lift what holds ${name}`,
  lifted: "Lifted.",

  // --- search
  searchHint: "Type a word or two, then press Enter.",
  searching: "Searching …",
  noSearch: "This server can't search.",
  notFound: "Nothing was found. Try fewer or other words.",
  results: "What was found, newest first",
  /** @param {string} room */
  searchIn: (room) => `Search in ${room}`,
  searchPlaceholder: "Search in this room",

  // --- commands and keys
  skip: "Skip to the messages",
  palette: "Go to a room, person or command",
  paletteHint: "Room, person or command",
  nothingFound: "Nothing has these letters.",
  mention: "mention",
  searchRoom: "Search in this room",
  whoIsHere: "Who is here",
  previousRoom: "Previous room",
  nextRoom: "Next room",
  previousUnread: "Previous room with unread messages",
  nextUnread: "Next room with unread messages",
  shortcuts: "Keyboard shortcuts",
  anywhere: "Anywhere",
  onMessage: "On a message",
  whileWriting: "While writing",
  writingKeys: [
    { label: "Send", keys: "Enter" },
    { label: "New line", keys: "Shift+Enter" },
    { label: "Edit the last message", keys: "ArrowUp" },
    { label: "Bold", keys: "Ctrl+B" },
    { label: "Italic", keys: "Ctrl+I" },
    { label: "Code", keys: "Ctrl+E" },
    { label: "Mention somebody", keys: "@" },
    { label: "Name a room", keys: "#" },
    { label: "Emoji", keys: ":" },
  ],
  close: "Close",

  // --- the composer
  /** @param {string} room */
  messageTo: (room) => `Message to ${room}`,
  editing: "Editing a message",
  stopEditing: "Stop editing",
  stopReplying: "Don't reply",
  save: "Save",
  suggestions: "Suggestions",
  send: "Send",
  mute: "You may read here, but not write.",
  keysHint: "{enter} sends, {shift} begins a new line",
  /** @param {number} count */
  left: (count) => `${count} characters left`,
  /** @param {number} count */
  tooMany: (count) => `${count} characters too many`,
};

const LANGUAGES = ["en", "de"];
const wanted = globalThis.navigator?.languages ?? [];

/** How the browser writes dates and numbers, if the page speaks its language. */
export const locale = wanted.find((tag) => LANGUAGES.includes(tag.slice(0, 2).toLowerCase())) ?? "en";
export const language = locale.slice(0, 2).toLowerCase();

/** The texts in the language of the page. @type {typeof en} */
export const words = language === "de" ? (await import("./strings.de.js")).de : en;

/**
 * Put parts into a text: `fill("In reply to {quote}", { quote })` is a list of what stands before, the part, and what follows.
 * @template T @param {string} text @param {Record<string, T>} parts @returns {(string | T)[]}
 */
export function fill(text, parts) {
  return text.split(/\{(\w+)\}/).map((piece, at) => (at % 2 ? parts[piece] : piece));
}
