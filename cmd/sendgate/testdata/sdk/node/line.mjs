import { messagingApi } from "@line/bot-sdk";
import { drive } from "./drive.mjs";

const channelAccessToken = "token";

await drive((gate) => {
  const client = new messagingApi.MessagingApiClient({ channelAccessToken, baseURL: gate });
  return async (to) => {
    const messages = [{ type: "text", text: "Your table is ready." }];
    if (to.length === 1) {
      const sent = await client.pushMessage({ to: to[0], messages });
      return { id: sent.sentMessages[0].id };
    }
    const sent = await client.multicastWithHttpInfo({ to, messages });
    return { shows: "Sendgate-Blocked: " + sent.httpResponse.headers.get("Sendgate-Blocked") };
  };
}, (e) => ({ message: e.body ?? e.message }));
