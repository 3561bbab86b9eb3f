import { Infobip, AuthType } from "@infobip-api/sdk";
import { drive } from "./drive.mjs";

const [apiKey, authType] = ["key", AuthType.ApiKey];

// The library returns what others throw, and a recipient who is rejected has a status.
await drive((gate) => {
  const client = gate ? new Infobip({ baseUrl: gate, apiKey, authType }) : new Infobip({ baseUrl: "api.infobip.com", apiKey, authType });
  return async (to) => {
    const sent = await client.channels.sms.send({ messages: [{ destinations: to.map((one) => ({ to: one })), from: "Table", text: "Your table is ready." }] });
    if (!sent.data) throw sent;
    const results = sent.data.messages;
    if (results.every((r) => r.status.groupName === "REJECTED")) throw Object.assign(new Error(results[0].status.description), { name: results[0].status.name, code: results[0].status.id });
    return { id: results[0].messageId, shows: results.map((r) => `${r.to} ${r.status.name}`).join(", ") };
  };
}, (e) => ({ name: e.name, message: JSON.stringify(e.response?.data) ?? e.message }));
