import viber from "viber-bot";
import { drive } from "./drive.mjs";

await drive(() => {
  const bot = new viber.Bot({ authToken: "token", name: "Table", avatar: "https://example.com/table.png" });
  return async ([to]) => {
    const sent = await bot.sendMessage({ id: to }, new viber.Message.Text("Your table is ready."));
    return { id: String(sent[0] ?? sent.message_token) };
  };
}, (e) => ({ name: e.status === undefined ? e.constructor.name : "status", code: e.status, status: undefined, message: e.status_message ?? e.message }));
