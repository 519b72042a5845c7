// Compares mails and rows with the values that the reference implementation of JSONata gives.
const fs = require("fs");
const { isDeepStrictEqual } = require("util");
const jsonata = require("jsonata");

const [mails, rows] = process.argv.slice(2);
const cases = fs.readFileSync(mails, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
for (const row of JSON.parse(fs.readFileSync(rows, "utf8"))) {
  cases.push({ expression: row.expression, variables: { in: row.in }, is: row.is });
}

const read = new Map();
async function evaluate({ expression, variables }) {
  if (!read.has(expression)) {
    read.set(expression, jsonata(expression));
  }
  const value = await read.get(expression).evaluate(undefined, variables);
  // A list of the language has properties of its own.
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

(async () => {
  let wrong = 0;
  for (const one of cases) {
    const value = await evaluate(one).catch((error) => `${error.code}: ${error.message}`);
    if (!isDeepStrictEqual(value, one.is)) {
      wrong += 1;
      const input = one.variables.states?.context.Execution.Input.event ?? one.variables.in;
      console.error("of", JSON.stringify(input), "\nis  ", JSON.stringify(value), "\nnot ", JSON.stringify(one.is));
    }
  }
  console.log(`${cases.length} values, ${wrong} of them otherwise`);
  process.exit(wrong === 0 && cases.length > 100 ? 0 : 1);
})();
