import { ServerClient } from "postmark";
import { drive } from "./drive.mjs";

const token = "token";

await drive((gate) => {
  const client = gate ? new ServerClient(token, { requestHost: gate, useHttps: false }) : new ServerClient(token);
  return async (to) => {
    const sent = await client.sendEmail({ From: "table@example.com", To: to.join(", "), Subject: "Your table", TextBody: "It is ready." });
    return { id: sent.MessageID, shows: sent.Message };
  };
}, (e) => ({ shows: e.recipients && "recipients: " + e.recipients }));
