import { Telegram } from "telegraf";
import { drive } from "./drive.mjs";

const token = "123456:token";

await drive((gate) => {
  const api = gate ? new Telegram(token, { apiRoot: gate }) : new Telegram(token);
  return async ([to]) => {
    const sent = await api.sendMessage(to, "Your table is ready.");
    return { id: String(sent.message_id) };
  };
});
