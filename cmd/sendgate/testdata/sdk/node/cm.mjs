import { MessageApiClient } from "@cmdotcom/text-sdk";
import { drive } from "./drive.mjs";

// Without allowed channels nobody but CM knows what a message goes by, and a gate refuses it.
await drive(() => {
  const client = new MessageApiClient("00000000-0000-0000-0000-000000000000");
  return async (to) => {
    const sent = await client.createMessage().setMessage(to, "Table", "Your table is ready.").setAllowedChannels(["SMS"]).send();
    return { shows: sent.data.messages.map((m) => `${m.to} ${m.status}`).join(", ") };
  };
}, (e) => ({ code: e.response?.data?.messages?.[0]?.messageErrorCode ?? e.code, message: JSON.stringify(e.response?.data) ?? e.message }));
