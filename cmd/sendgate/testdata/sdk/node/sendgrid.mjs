import { MailService } from "@sendgrid/mail";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const mail = new MailService();
  mail.setApiKey("SG.key");
  if (gate) mail.client.setDefaultRequest("baseUrl", gate);
  return async (to) => {
    const [sent] = await mail.send({ to, from: "table@example.com", subject: "Your table", text: "It is ready." });
    return { id: sent.headers["x-message-id"], shows: "Sendgate-Blocked: " + sent.headers["sendgate-blocked"] };
  };
}, (e) => ({ message: e.response?.body?.errors?.[0].message ?? e.message }));
