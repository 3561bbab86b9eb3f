import { PinpointSMSVoiceV2Client, SendTextMessageCommand } from "@aws-sdk/client-pinpoint-sms-voice-v2";
import { drive } from "./drive.mjs";

const [region, credentials] = ["us-east-1", { accessKeyId: process.env.ACCESS_KEY, secretAccessKey: process.env.SECRET_KEY }];

await drive((gate) => {
  const client = new PinpointSMSVoiceV2Client({ region, credentials, endpoint: gate });
  return async ([to]) => {
    const sent = await client.send(new SendTextMessageCommand({ DestinationPhoneNumber: to, OriginationIdentity: "+15005550006", MessageBody: "Your table is ready." }));
    return { id: sent.MessageId };
  };
}, (e) => ({ name: e.name, code: e.Reason ?? e.code, status: e.$metadata?.httpStatusCode }));
