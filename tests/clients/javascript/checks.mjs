// Runs calls and reports what came of them, as one JSON object on standard output: name to value, or to the error.

export async function report(calls) {
  const found = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      found[name] = await call();
    } catch (error) {
      found[name] = { error: error.constructor.name, status: error.statusCode ?? error.status, message: error.message };
    }
  }
  console.log(JSON.stringify(found));
}
