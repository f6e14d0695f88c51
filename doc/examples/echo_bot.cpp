// An echo bot in C++17: ENVOI_PASSWORD=... echo_bot bot@example.org [SETTING=VALUE...]
#include <cstdio>
#include <cstdlib>

#include <envoi/envoi.hpp>

namespace
{

struct bot : envoi_handler {
	int on_chat(envoi_delivery *in)
	{
		const char *body = envoi_message_body(envoi_delivery_stanza(in), nullptr);
		return body != nullptr ? envoi_reply_text(in, body) : ENVOI_DECLINED;
	}
};

constexpr envoi_stanza_row stanzas[] = {
	envoi::message<&bot::on_chat>(ENVOI_TYPE_CHAT),
	ENVOI_ROWS_END,
};
constexpr envoi_handler_impl bot_impl = envoi::handler("echo").stanzas(stanzas);

} // namespace

int main(int argc, char **argv)
{
	bot echo{ENVOI_HANDLER(&bot_impl)};
	auto client = envoi::make_client(nullptr, argc > 1 ? argv[1] : nullptr);
	if (!client || argc < 2) {
		return 2;
	}
	envoi_client_set_password(client.get(), std::getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(client.get(), argv + 2);
	envoi_client_add(client.get(), &echo);
	int r = envoi_client_run(client.get()); // reports the errors of the setters, too
	if (r < 0) {
		std::fprintf(stderr, "%s\n", envoi_client_failure_text(client.get()));
	}
	return r < 0;
}
