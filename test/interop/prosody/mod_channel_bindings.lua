-- Channel bindings that Prosody 0.12 has not, tls-exporter (RFC 9266) and tls-server-end-point
-- (RFC 5929), and the list of those that a host offers (XEP-0440).
-- channel_bindings: those to offer, of the ones that the version of TLS has
-- false_channel_bindings: the values of these are wrong, as if somebody were between

local sasl = require "util.sasl";
local scram = require "util.sasl.scram";
local st = require "util.stanza";
local ssl = require "ssl";

local offered = module:get_option_array("channel_bindings");
local wrong = module:get_option_set("false_channel_bindings", {});
local certificate_file = module:get_option("ssl").certificate;

-- Prosody's SCRAM can work with any binding, but says that it has tls-unique alone.
scram.init(function (name, backends, step, bindings)
	sasl.registerMechanism(name, backends, step,
		bindings and { "tls-unique", "tls-exporter", "tls-server-end-point" });
end);

local function socket_of(handler)
	return handler.userdata["tls-unique"]; -- so mod_saslauth calls it
end

-- The certificates' signatures are with SHA-256.
local function certificate_hash()
	local file = assert(io.open(certificate_file));
	local digits = ssl.loadcertificate(file:read("*a")):digest("sha256");
	file:close();
	return (digits:gsub("%x%x", function (byte) return string.char(tonumber(byte, 16)); end));
end

local values = {
	["tls-unique"] = function (handler) return socket_of(handler):getpeerfinished(); end;
	["tls-exporter"] = function (handler)
		return socket_of(handler):exportkeyingmaterial("EXPORTER-Channel-Binding", 32, "");
	end;
	["tls-server-end-point"] = certificate_hash;
};

local function lie()
	return ("x"):rep(32);
end

local function is_of_version(binding, version)
	return binding == "tls-server-end-point" or
		(binding == "tls-exporter") == (version == "TLSv1.3");
end

-- After mod_saslauth, which has made the handler of this stream.
module:hook("stream-features", function (event)
	local origin, features = event.origin, event.features;
	local handler = origin.sasl_handler;
	local mechanisms = features:get_child("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl");
	if not mechanisms then return; end
	local version = origin.conn:socket():info().protocol;
	local before = handler:mechanisms();
	handler.profile.cb = {};
	local list = st.stanza("sasl-channel-binding", { xmlns = "urn:xmpp:sasl-cb:0" });
	for _, binding in ipairs(offered) do
		if is_of_version(binding, version) then
			handler:add_cb_handler(binding, wrong:contains(binding) and lie or values[binding]);
			list:tag("channel-binding", { type = binding }):up();
		end
	end
	for mechanism in pairs(handler:mechanisms()) do
		if not before[mechanism] then
			mechanisms:add_direct_child(st.stanza("mechanism"):text(mechanism));
		end
	end
	features:add_direct_child(list);
end, -1);
