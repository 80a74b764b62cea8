// What follows the # is never sent to a server, so only the page itself can look at it.
"use strict";
document.getElementById("fragment").hidden = location.hash === "#wechat_redirect";
