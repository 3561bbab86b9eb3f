import Mailgun from "mailgun.js";
import { drive } from "./drive.mjs";

const [username, key] = ["api", "key"];

await drive((gate) => {
  const client = gate ? new Mailgun(FormData).client({ username, key, url: gate }) : new Mailgun(FormData).client({ username, key });
  return async (to) => {
    const sent = await client.messages.create("mg.example.net", { to, from: "table@mg.example.net", subject: "Your table", text: "It is ready." });
    return { id: sent.id, shows: "nothing" };
  };
}, (e) => ({ name: e.type, message: e.details ?? e.message }));
