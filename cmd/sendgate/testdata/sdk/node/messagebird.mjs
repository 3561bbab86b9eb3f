import messagebird from "messagebird";
import { drive } from "./drive.mjs";

await drive(() => {
  const client = messagebird.initClient("key");
  return async (to) => {
    const params = { originator: "Table", recipients: to, body: "Your table is ready." };
    const sent = await new Promise((resolve, reject) => client.messages.create(params, (error, response) => (error ? reject(error) : resolve(response))));
    return { id: sent.id, shows: sent.recipients.items.map((i) => `${i.recipient} ${i.status}`).join(", ") };
  };
}, (e) => ({ code: e.errors?.[0].code }));
