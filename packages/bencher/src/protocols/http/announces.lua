-- Announces for wrk, drawn as aquatic_http_load_test draws them: 10,000 torrents, a few of them very popular, a random
-- peer id and port each time, a quarter seeders. With the argument "close" each request opens a connection of its own, with
-- "keep-alive" connections are kept.
--
-- Prints "start" when it is ready, and at the end one line of JSON; then it stays for a moment, so that its own CPU time can
-- still be read. `npm run bench:http` reads both lines (harness/tester-report.ts). "unannounced" counts connections that ended
-- after an answer without "Connection: close": wrk sends its next request on them and only then opens another.
-- infoHashOf in torrents.ts names the same torrents as percents(torrent, 1) here.

local TORRENTS = 10000
local REQUESTS = 20000
local GAMMA_SHAPE, GAMMA_SCALE = 0.2, 100
local SEEDERS = 0.25

local requests = {}
local turn = 0

-- Marsaglia and Tsang (2000), for a shape below 1 with their correction.
local function gamma()
  local d = GAMMA_SHAPE + 1 - 1 / 3
  local c = 1 / math.sqrt(9 * d)
  while true do
    local x = math.sqrt(-2 * math.log(1 - math.random())) * math.cos(2 * math.pi * math.random())
    local v = (1 + c * x) ^ 3
    if v > 0 and math.log(1 - math.random()) < 0.5 * x * x + d - d * v + d * math.log(v) then
      return d * v * (1 - math.random()) ^ (1 / GAMMA_SHAPE) * GAMMA_SCALE
    end
  end
end

local function percents(number, seed)
  local text = {}
  for i = 1, 20 do
    number = (number * 69069 + seed + i) % 4294967296
    text[i] = string.format("%%%02x", math.floor(number / 65536) % 256)
  end
  return table.concat(text)
end

function init(args)
  math.randomseed(20261124)
  local connection = args[1] or "close"
  for i = 1, REQUESTS do
    local share = math.max(0, (math.min(gamma(), 101) - 1) / 100)
    local torrent = math.floor(share * (TORRENTS - 1))
    local is_seeder = math.random() < SEEDERS
    local path = "/announce?info_hash=" .. percents(torrent, 1) .. "&peer_id=" .. percents(i, 2)
      .. "&port=" .. math.random(1, 65535) .. "&uploaded=0&downloaded=0&left=" .. (is_seeder and 0 or 50)
      .. "&event=" .. (is_seeder and "completed" or "started") .. "&compact=1"
    requests[i] = wrk.format("GET", path, { Host = "localhost", Connection = connection })
  end
  io.write("start\n")
  io.flush()
end

function request()
  turn = turn % REQUESTS + 1
  return requests[turn]
end

function done(summary)
  local e = summary.errors
  io.write(string.format('{"responses":%d,"errors":%d,"unannounced":%d}\n', summary.requests,
    e.connect + e.write + e.status + e.timeout, e.read))
  io.flush()
  os.execute("sleep 0.3")
end
