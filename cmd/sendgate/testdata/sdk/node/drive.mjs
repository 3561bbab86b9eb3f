// What the programs of TestSDKMatrix have in common: each runs the cases that come on standard input, a line of JSON
// each, and says what its SDK made of them, a line each.
//
//	{"base": "http://127.0.0.1:8080/twilio"}  the SDK is told a base URL
//	{"port": 8443}                            or is told nothing, and DNS leads to the gate
//	{"proxy": "http://127.0.0.1:8080"}        or HTTPS_PROXY does
//
// Beside that, "to" holds the recipients. No connection leaves the machine.
import net from "node:net";
import { createInterface } from "node:readline";

console.log = console.info = console.debug = console.error; // standard output belongs to the answers

let port; // at which the hosts of providers are answered for; none while they are not

// In the place of DNS, and of a gate at port 443.
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const listed = Array.isArray(args[0]);
  const to = listed ? args[0][0] : args[0];
  if (["127.0.0.1", "localhost", "::1"].includes(to.host ?? "localhost")) return connect.apply(this, args);
  const led = { ...to, host: "127.0.0.1", port: (Number(to.port) === 443 && port) || 1 }; // where nobody listens
  if (listed) args[0][0] = led;
  else args[0] = led;
  return connect.apply(this, args);
};

function enter(way) {
  port = way.port;
  for (const name of ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"]) {
    delete process.env[name];
    if (way.proxy && name === name.toUpperCase()) process.env[name] = way.proxy;
  }
}

// told is what most SDKs say of an error.
function told(e) {
  return { name: e.constructor.name, code: e.code ?? e.cause?.code, status: e.status ?? e.statusCode ?? e.httpStatus ?? e.response?.status, message: e.message };
}

// drive takes a function that makes a client, for the address of a gate if the SDK is told one, and returns what
// sends to a list of recipients; that returns the id of the message, and what else there is to show. explain is what
// this SDK has to say of an error, where that is more than most have.
export async function drive(open, explain = () => ({})) {
  const sends = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const { to, ...way } = JSON.parse(line);
    enter(way);
    let outcome;
    try {
      const send = (sends[JSON.stringify(way)] ??= open(way.base));
      outcome = { ok: true, ...(await send(to)) };
    } catch (e) {
      outcome = { ok: false, ...told(e), ...(await explain(e)) };
    }
    process.stdout.write(JSON.stringify(outcome) + "\n");
  }
  process.exit(0); // whatever an SDK keeps open
}
