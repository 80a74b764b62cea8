// Plays the script of WeChat that a page loads: wx.config checks the signature of the page.
"use strict";

window.wx = (() => {
  const check = new URL("check", document.currentScript.src);
  const when = { ready: [], error: [] };
  let result = null;

  function tell(kind) {
    for (const call of when[kind].splice(0)) call(result);
  }

  function on(kind, wanted, call) {
    when[kind].push(call);
    if (result && (result.errMsg === "config:ok") === wanted) tell(kind);
  }

  async function config({ appId, timestamp, nonceStr, signature }) {
    const url = location.href.split("#")[0];
    check.search = new URLSearchParams({ appId, timestamp, nonceStr, signature, url });
    result = await (await fetch(check)).json();
    tell(result.errMsg === "config:ok" ? "ready" : "error");
  }

  return {
    config,
    ready: (call) => on("ready", true, call),
    error: (call) => on("error", false, call),
    updateAppMessageShareData: ({ success }) => success?.({ errMsg: "updateAppMessageShareData:ok" }),
  };
})();
