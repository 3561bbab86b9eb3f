import twilio from "twilio";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const client = twilio("AC0123456789abcdef0123456789abcdef", "secret");
  if (gate) client.conversations.baseUrl = gate;
  return async ([to]) => {
    const sent = await client.conversations.v1.conversations("CH0123456789abcdef0123456789abcdef").participants
      .create({ "messagingBinding.address": to, "messagingBinding.proxyAddress": "+15005550006" });
    return { id: sent.sid };
  };
});
