/** WebRTC for webtorrent in Node, from a package that brings its program along: what simple-peer imports, no more. */
import wrtc from "@roamhq/wrtc";

export const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc;
