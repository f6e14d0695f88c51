// A typed payload in C++17: prints the weather that others report, and asks for more in return.
//
//	ENVOI_PASSWORD=... weather alice@example.org [NAME=VALUE...]
#include <cstdio>
#include <cstdlib>

#include <envoi/envoi.hpp>

namespace
{

// <report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>
struct weather {
	const char *place;
	std::int64_t celsius;
	bool rain;
};
constexpr envoi_field weather_fields[] = {
	ENVOI_ATTR_TEXT(weather, place, "place", ENVOI_REQUIRED).max_bytes(200),
	ENVOI_CHILD_INT(weather, celsius, "celsius", ENVOI_REQUIRED).range(-100, 100),
	ENVOI_CHILD_FLAG(weather, rain, "rain"),
	ENVOI_FIELDS_END,
};
constexpr envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	weather, "urn:example:weather", "report", weather_fields);

struct station : envoi_handler {
	int reports;

	// The row names the type: the payload is decoded and checked, and never null.
	int on_report(envoi_delivery *in)
	{
		auto report = static_cast<const weather *>(
			envoi_delivery_payload(in, &weather_type));
		std::printf("%s: %d degrees%s\n", report->place, int(report->celsius),
			report->rain ? ", rain" : "");
		reports++;
		return envoi_reply_text(in, "Thank you. Report again in an hour.");
	}

	void on_stopped(const envoi_event *)
	{
		std::printf("%d reports\n", reports);
	}
};
constexpr envoi_stanza_row stanzas[] = {
	envoi::message<&station::on_report>().payload(&weather_type),
	ENVOI_ROWS_END,
};
constexpr envoi_event_row events[] = {
	envoi::event<&station::on_stopped>(ENVOI_EVENT_STOPPED),
	ENVOI_ROWS_END,
};
constexpr envoi_handler_impl station_impl = envoi::handler("weather").stanzas(stanzas).events(
	events);

} // namespace

int main(int argc, char **argv)
{
	station handler{ENVOI_HANDLER(&station_impl), 0};
	auto client = envoi::make_client(nullptr, argc > 1 ? argv[1] : nullptr);
	if (!client || argc < 2) {
		return 2;
	}
	envoi_client_set_password(client.get(), std::getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(client.get(), argv + 2);
	envoi_client_add(client.get(), &handler);
	int r = envoi_client_run(client.get());
	if (r < 0) {
		std::fprintf(stderr, "%s\n", envoi_client_failure_text(client.get()));
	}
	return r < 0;
}
