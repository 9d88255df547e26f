-- Send the prepared requests in turn and look at every answer: its status, and a text that it must hold.
-- Reads BENCH_HEADERS ("Name: value" lines), BENCH_BODIES (one JSON body a line) and BENCH_EXPECT from the environment.
-- Prints one line at the end: "BENCH" and a JSON object; times in microseconds.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  local headers = {}
  for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^:\n]+): ([^\n]*)") do
    headers[name] = value
  end
  prepared = {}
  for body in os.getenv("BENCH_BODIES"):gmatch("[^\n]+") do
    table.insert(prepared, wrk.format("POST", nil, headers, body))
  end
  expected = os.getenv("BENCH_EXPECT")
  turn, refused, wrong, bytes = 0, 0, 0, 0
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function response(status, _, body)
  if status ~= 200 then
    refused = refused + 1
  elseif not body:find(expected, 1, true) then
    wrong = wrong + 1
  end
  bytes = bytes + #body
end

local function sum(name)
  local total = 0
  for _, thread in ipairs(threads) do
    total = total + thread:get(name)
  end
  return total
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'BENCH {"requests":%d,"duration":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"wrong":%d,"broken":%d,"bytes":%.0f}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    sum("refused"), sum("wrong"), errors.connect + errors.read + errors.write + errors.timeout, sum("bytes")
  ))
end
