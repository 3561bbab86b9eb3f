import { PinpointClient, SendMessagesCommand } from "@aws-sdk/client-pinpoint";
import { drive } from "./drive.mjs";

const [region, credentials] = ["us-east-1", { accessKeyId: process.env.ACCESS_KEY, secretAccessKey: process.env.SECRET_KEY }];

// Who is refused has a status of their own; it is thrown here, where there is nobody else.
await drive((gate) => {
  const client = new PinpointClient({ region, credentials, endpoint: gate });
  return async (to) => {
    const sent = await client.send(new SendMessagesCommand({ ApplicationId: "0123456789abcdef0123456789abcdef", MessageRequest: {
      Addresses: Object.fromEntries(to.map((one) => [one, { ChannelType: "SMS" }])),
      MessageConfiguration: { SMSMessage: { Body: "Your table is ready.", OriginationNumber: "+15005550006" } },
    } }));
    const results = Object.entries(sent.MessageResponse.Result);
    const [, first] = results[0];
    if (results.length === 1 && first.DeliveryStatus !== "SUCCESSFUL") throw Object.assign(new Error(first.StatusMessage), { name: first.DeliveryStatus, code: first.StatusCode });
    return { id: first.MessageId, shows: results.map(([one, r]) => `${one} ${r.DeliveryStatus}`).sort().join(", ") };
  };
}, (e) => ({ name: e.name, status: e.$metadata?.httpStatusCode }));
