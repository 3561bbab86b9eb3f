import { Api } from "grammy";
import { drive } from "./drive.mjs";

const token = "123456:token";

await drive((gate) => {
  const api = new Api(token, { apiRoot: gate });
  return async ([to]) => {
    const sent = await api.sendMessage(to, "Your table is ready.");
    return { id: String(sent.message_id) };
  };
}, (e) => ({ code: e.error_code ?? e.error?.code, message: e.description ?? e.message }));
