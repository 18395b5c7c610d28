// The same idea without Foreman's library: plain HTTP, Node's standard modules, nothing to install.
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:http";

const port = process.env.FOREMAN_AGENT_PORT;
const path = process.env.FOREMAN_AGENT_SOCKET ?? "/run/foreman/agent/agent.sock";

function decide(task) {
  const { issue, labels } = task.payload;
  const allowed = labels.some((label) => label.name === "billing" && label.may_add);
  const about = `${issue.title} ${issue.body}`.toLowerCase().includes("invoice");
  if (!about || !allowed) {
    return { task_id: task.task_id, decision: "skip", rationale: "Nothing about money.", actions: [] };
  }
  const actions = [{ type: "add_label", label: "billing" }];
  return { task_id: task.task_id, decision: "label_and_respond", rationale: "It mentions an invoice.", actions };
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  response.end(text);
}

const server = createServer((request, response) => {
  if (request.method === "GET" && request.url === "/health") return answer(response, 200, { status: "ok" });
  if (request.method !== "POST" || request.url !== "/task") return answer(response, 404, { error: "no such thing" });
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    try {
      answer(response, 200, decide(JSON.parse(Buffer.concat(pieces).toString("utf8"))));
    } catch (error) {
      answer(response, 400, { error: error.name });
    }
  });
});

process.on("SIGTERM", () => process.exit(0));
if (port) {
  server.listen(Number(port), process.env.FOREMAN_AGENT_HOST ?? "127.0.0.1");
} else {
  rmSync(path, { force: true });
  server.listen(path, () => chmodSync(path, 0o666));
}
