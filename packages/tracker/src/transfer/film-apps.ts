/**
 * Players of a film: hls.js, whose segments p2p-media-loader brings from other players as well as from the site. Called by
 * web-apps.ts. Each player shows the film to its end in a <video>, so that a segment that arrives damaged is noticed.
 */
import { FILM_PLAYLIST } from "./film.ts";
import { type App, inTab } from "./web-app.ts";

/** It plays faster than it was meant to: nobody looks. */
const PLAYBACK_RATE = 4;

/** `player(fromSite)` is a player of the film; who may not load segments from the site has peers alone. */
const PLAYER = `const { Hls, HlsJsP2PEngine } = await import("./p2p-media-loader.js");
  const HlsWithP2P = HlsJsP2PEngine.injectMixin(Hls);
  const player = (fromSite) => {
    const core = {
      swarmId: name,
      announceTrackers: [tracker],
      rtcConfig: { iceServers: [] },
      simultaneousHttpDownloads: fromSite ? 2 : 0,
    };
    const hls = new HlsWithP2P({ p2p: { core } });
    hls.loadSource(new URL("./${FILM_PLAYLIST}", location.href).href);
    const video = document.createElement("video");
    Object.assign(video, { muted: true, defaultPlaybackRate: ${PLAYBACK_RATE} });
    document.body.append(video);
    hls.attachMedia(video);
    return { hls, video };
  };
  /** Shows all of the film; where its segments came from. */
  const play = ({ hls, video }) => within(40, (done) => {
    const sources = new Set();
    hls.p2pEngine.addEventListener("onSegmentLoaded", ({ downloadSource }) => sources.add(downloadSource));
    hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) done(details); });
    video.addEventListener("ended", () => done([...sources].join(" and ")));
    return video.play();
  });`;

const reloadedPlayer: App = {
  library: "hls.js with p2p-media-loader",
  what: "a player has the film from another tab alone, and so has one that is made anew in its place",
  async run([first, second], tracker, name) {
    const seen = [await inTab(first, tracker, name, `${PLAYER} return play(player(true));`)];
    const again = `${PLAYER} window.own?.hls.destroy(); window.own = player(false); return play(window.own);`;
    for (let round = 0; round < 2; round++) seen.push(await inTab(second, tracker, name, again));
    return seen;
  },
  expected: ["http", "p2p", "p2p"],
};

const twoPlayers: App = {
  library: "hls.js with p2p-media-loader",
  what: "a player has the film from a tab with two players",
  async run([first, second], tracker, name) {
    const two = `${PLAYER} const seen = await Promise.all([player(true), player(true)].map(play));
      // The second one may have had some of it from the first.
      return seen.map((sources) => sources.split(" and ")[0]);`;
    const seen = await inTab(first, tracker, name, two);
    return [seen, await inTab(second, tracker, name, `${PLAYER} return play(player(false));`)];
  },
  expected: [["http", "http"], "p2p"],
};

export const FILM_APPS: readonly App[] = [reloadedPlayer, twoPlayers];
