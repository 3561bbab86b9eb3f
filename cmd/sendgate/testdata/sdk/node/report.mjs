// report runs one send and prints what the SDK made of its outcome: one line of JSON.
// A refused send is an outcome, not a failure: the exit code is 0.
export async function report(send) {
  let outcome;
  try {
    outcome = { ok: true, ...(await send()) };
  } catch (e) {
    outcome = {
      ok: false,
      name: e.constructor.name,
      code: e.code ?? e.cause?.code,
      status: e.status ?? e.httpStatus,
      message: e.message,
      details: e.details,
    };
  }
  console.log(JSON.stringify(outcome));
}

// need returns an environment variable, or ends the program naming it.
export function need(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`set ${name}`);
    process.exit(2);
  }
  return value;
}
