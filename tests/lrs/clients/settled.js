// Resolves when the store says that everything stored before this call is to be seen: a writer at work holds readers back.
"use strict";

module.exports = async function settled() {
  const { LRS_ENDPOINT, LRS_KEY, LRS_SECRET } = process.env;
  const token = Buffer.from(`${LRS_KEY}:${LRS_SECRET}`).toString("base64");
  const headers = { Authorization: `Basic ${token}`, "X-Experience-API-Version": "2.0.0" };
  const begun = Date.now();
  for (;;) {
    const answer = await fetch(`${LRS_ENDPOINT}/statements?limit=1`, { headers });
    if (!answer.ok) throw new Error(`settled: ${answer.status} ${await answer.text()}`);
    if (Date.parse(answer.headers.get("X-Experience-API-Consistent-Through")) >= begun) return;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
};
