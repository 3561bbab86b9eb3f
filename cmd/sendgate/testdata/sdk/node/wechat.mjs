import WechatAPI from "co-wechat-api";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const api = new WechatAPI("wx0123456789abcdef", "secret", async () => ({ accessToken: "token", expireTime: Date.now() + 3600_000 }));
  if (gate) api.prefix = gate;
  return async ([to]) => {
    await api.sendText(to, "Your table is ready.");
  };
}, (e) => ({ name: e.name }));
