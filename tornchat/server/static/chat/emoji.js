/** The emoji that the page offers, by name. Any other may be typed. */

const NAMED = `
👍 thumbsup yes|👎 thumbsdown no|❤️ heart love|😂 joy laugh|🎉 tada party|😮 open_mouth wow|😢 cry sad|🙏 pray thanks
😀 grinning|😃 smiley|😄 smile|😁 grin|😆 laughing|😅 sweat_smile|🤣 rofl|🙂 slight_smile|🙃 upside_down|😉 wink|😊 blush
😇 innocent|🥰 smiling_hearts|😍 heart_eyes|🤩 star_struck|😘 kiss|😋 yum|😛 tongue|🤪 zany|🤗 hug|🤭 oops|🤫 shush
🤔 thinking|🤐 zipper_mouth|😐 neutral|😑 expressionless|😶 no_mouth|😏 smirk|😒 unamused|🙄 eyeroll|😬 grimace|😌 relieved
😔 pensive|😴 sleeping|🤒 ill|🤧 sneeze|🥵 hot|🥶 cold|😵 dizzy|🤯 mind_blown|🤠 cowboy|🥳 partying|😎 sunglasses cool
🤓 nerd|😕 confused|😟 worried|🙁 frown|😳 flushed|🥺 pleading|😨 fearful|😱 scream|😭 sob|😤 triumph|😠 angry|😡 rage
💀 skull|💩 poop|🤡 clown|👻 ghost|👽 alien|🤖 robot|👋 wave hello|✋ hand stop|👌 ok|✌️ victory|🤞 fingers_crossed
👈 point_left|👉 point_right|👆 point_up|👇 point_down|👊 fist|👏 clap|🙌 raised_hands|🤝 handshake|💪 muscle strong|👀 eyes look
🧠 brain|🤷 shrug|🤦 facepalm|🙋 raising_hand|💔 broken_heart|🧡 orange_heart|💛 yellow_heart|💚 green_heart|💙 blue_heart
💜 purple_heart|🖤 black_heart|💯 hundred|💥 boom|💫 dizzy_star|💦 splash|💤 zzz|🔥 fire|✨ sparkles|⭐ star|🌟 glowing_star
☀️ sun|🌙 moon|⛅ cloud|🌧️ rain|❄️ snow|⚡ lightning|🌈 rainbow|🌊 ocean|🌱 seedling|🌵 cactus|🌸 blossom|🌻 sunflower|🍀 clover
🐶 dog|🐱 cat|🐭 mouse|🦊 fox|🐻 bear|🐼 panda|🐸 frog|🐵 monkey|🙈 see_no_evil|🐔 chicken|🐧 penguin|🦄 unicorn|🐝 bee|🐛 bug
🦋 butterfly|🐢 turtle|🐙 octopus|🐳 whale|🍎 apple|🍌 banana|🍓 strawberry|🍕 pizza|🍔 burger|🍟 fries|🍪 cookie|🎂 cake|🍺 beer
🍷 wine|☕ coffee|🍵 tea|⚽ football|🏀 basketball|🏆 trophy|🥇 gold medal|🎮 game|🎵 music|🎨 art|🎁 gift|🎈 balloon|🚀 rocket ship
✈️ plane|🚗 car|🚲 bike|🏠 home|⏰ alarm|⏳ hourglass|💻 laptop|📱 phone|💡 idea bulb|🔧 wrench fix|🔨 hammer|⚙️ gear|🔒 lock
🔑 key|📌 pin|📎 paperclip|✏️ pencil|📝 memo|📅 calendar|📈 chart_up|📉 chart_down|📦 package|📣 megaphone|🔔 bell|💬 speech
✅ check done|❌ cross|❓ question|❗ exclamation|⚠️ warning|🚫 forbidden|➕ plus|➖ minus|🟢 green|🟡 yellow|🔴 red|🏁 finish`;

/** @type {readonly {emoji: string, name: string, also: string}[]} The first eight are offered first. */
export const EMOJI = NAMED.trim().split(/[|\n]/).map((entry) => {
  const [emoji, name, also = ""] = entry.split(" ");
  return { emoji, name, also };
});

/** Those whose name has these letters, the ones that begin with them first. @param {string} letters @param {number} [most] */
export function findEmoji(letters, most = EMOJI.length) {
  const sought = letters.toLowerCase().replaceAll(" ", "_");
  const begins = EMOJI.filter(({ name, also }) => name.startsWith(sought) || also.startsWith(sought));
  const within = EMOJI.filter((one) => one.name.includes(sought) && !begins.includes(one));
  return [...begins, ...within].slice(0, most);
}

/** How the server stores a token. @param {string} emoji */
export const plainEmoji = (emoji) => emoji.normalize("NFC").replace(/[\ufe00-\ufe0f]/g, "");
