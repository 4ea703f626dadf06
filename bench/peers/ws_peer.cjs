// ws on Node: `send` to each member. Takes its port, and where ws is installed.
const { WebSocketServer } = require(process.argv[3]);

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket, request) => {
  if (!rooms.has(request.url)) rooms.set(request.url, new Set());
  const members = rooms.get(request.url);
  members.add(socket);
  socket.on("message", (data) => {
    const told = JSON.stringify({ type: "chat_message", message: JSON.parse(data).message });
    for (const member of members) member.send(told);
  });
  socket.on("close", () => members.delete(socket));
  socket.on("error", () => {});
});
