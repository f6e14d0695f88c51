#!/usr/bin/env python3
"""Writes calls of the public functions with NULL for one text or address, valid values for the rest.

usage: null_calls.py OUTPUT DEPFILE INCLUDE LEFT_OUT EXTENSIONS

INCLUDE has the public headers; LEFT_OUT and EXTENSIONS are lists with commas: headers that are not
built, and extensions that are. Each function with a text, or with an address, is called once for each of them. VALUES and MADE have
a value for each type of parameter; UNREACHED has the functions that are not called, and why. Exit
status 1, with a line for each function that is in neither.
"""
import pathlib
import re
import sys

NULLED = ("const char *", "const struct envoi_jid *")

# What a function makes, and how it is freed.
MADE = {
    "const struct envoi_roster_item ***": ("items", "envoi_free(f->wire.context, items)"),
    "char **": ("text", "envoi_free(f->wire.context, text)"),
    "struct envoi_client **": ("client", "envoi_client_free(client)"),
    "struct envoi_component **": ("component", "envoi_component_free(component)"),
    "struct envoi_element **": ("element", "envoi_element_unref(element)"),
    "struct envoi_handler **": ("handler", "envoi_handler_destroy(handler)"),
    "struct envoi_jid **": ("jid", "envoi_jid_unref(jid)"),
    "struct envoi_mam_sync **": ("sync", "envoi_mam_sync_free(sync)"),
    "struct envoi_muc_room **": ("room", "envoi_muc_free(room)"),
    "struct envoi_path **": ("path", "envoi_path_free(path)"),
    "struct envoi_resolver **": ("resolver", "envoi_resolver_destroy(resolver)"),
    "struct envoi_sasl_credentials **": ("credentials", "envoi_sasl_credentials_destroy(credentials)"),
    "struct envoi_tls_config **": ("tls", "envoi_tls_config_unref(tls)"),
    "struct envoi_uri **": ("uri", "envoi_uri_free(uri)"),
}

VALUES = {
    "const char *": '"a"',
    "const struct envoi_jid *": "f->wire.own",
    "bool": "false",
    "bool *": "&f->a_bool",
    "char": "f->text",
    "char *": "f->text",
    "const char **": "&f->const_text",
    "const char *const *": '&(const char *const){"a"}',
    "const struct envoi_acceptor *": "f->acceptor",
    "const struct envoi_accepted *": "NULL",
    "const struct envoi_client *": "f->client",
    "const struct envoi_component *": "f->component",
    "const struct envoi_contact_presence *": "NULL",
    "const struct envoi_disco_info *": "NULL",
    "const struct envoi_avatar_info *": "NULL",
    "const struct envoi_avatar_metadata *": "NULL",
    "const struct envoi_bookmarks_room *": "NULL",
    "const struct envoi_disco_info **": "&(const struct envoi_disco_info *){NULL}",
    "const struct envoi_disco_items *": "NULL",
    "const struct envoi_element *": "f->element",
    "const struct envoi_form *": "NULL",
    "const struct envoi_mam_events *": "NULL",
    "const struct envoi_mam_sync_options *": "NULL",
    "const struct envoi_muc_events *": "NULL",
    "const struct envoi_muc_options *": "NULL",
    "const struct envoi_commands_impl *": "NULL",
    "const struct envoi_registration *": "NULL",
    "const struct envoi_upload_file *": "NULL",
    "const struct envoi_payload_type *": "&null_payload_type",
    "const struct envoi_pep_node *": "NULL",
    "const struct envoi_presences *": "f->presences",
    "const struct envoi_private_storage *": "NULL",
    "const struct envoi_pubsub_affiliated *":
        "&(const struct envoi_pubsub_affiliated){.jid = f->wire.own, .affiliation = ENVOI_PUBSUB_OWNER}",
    "const struct envoi_pubsub_subscription *":
        "&(const struct envoi_pubsub_subscription){.jid = f->wire.own, .state = ENVOI_PUBSUB_PENDING}",
    "const struct envoi_rsm_request *": "NULL",
    "const struct envoi_roster *": "f->roster",
    "const struct envoi_roster_item *": "&null_item",
    "const struct envoi_session *": "f->wire.session",
    "const struct envoi_settings *": "f->wire.settings",
    "const struct envoi_stanza *": "f->stanza",
    "const struct envoi_subscriptions *": "f->subscriptions",
    "const struct envoi_uri *": "f->uri",
    "const void *": "NULL",
    "enum envoi_chat_states_state": "ENVOI_CHAT_STATES_PAUSED",
    "enum envoi_precis_profile": "ENVOI_PRECIS_OPAQUE_STRING",
    "enum envoi_stanza_condition": "ENVOI_BAD_REQUEST",
    "enum envoi_stanza_kind": "ENVOI_IQ_GET",
    "enum envoi_stanza_type": "ENVOI_TYPE_ANY",
    "enum envoi_precis_problem *": "NULL",
    "enum envoi_tls_request": "ENVOI_TLS_REQUEST_OPTIONAL",
    "envoi_answer_fn *": "null_on_answer",
    "envoi_avatar_fn *": "NULL",
    "envoi_caps_fn *": "NULL",
    "envoi_event_data_fn *": "NULL",
    "envoi_pep_fn *": "NULL",
    "envoi_pubsub_event_fn *": "NULL",
    "int": "-1",
    "int *": "&f->an_int",
    "int64_t": "1",
    "int64_t *": "&f->an_int64",
    "size_t": "1",
    "size_t *": "&f->a_size",
    "struct envoi_acceptor *": "f->acceptor",
    "struct envoi_buffer *": "&f->buffer",
    "struct envoi_client *": "f->client",
    "struct envoi_component *": "f->component",
    "struct envoi_context *": "f->wire.context",
    "struct envoi_day *": "&f->day",
    "struct envoi_element *": "f->element",
    "struct envoi_listener *": "f->listener",
    "struct envoi_path_problem *": "NULL",
    "struct envoi_presences *": "f->presences",
    "struct envoi_request **": "NULL",
    "struct envoi_roster *": "f->roster",
    "struct envoi_sasl_history *": "f->history",
    "struct envoi_sasl_verifier *": "&f->verifier",
    "struct envoi_session *": "f->wire.session",
    "struct envoi_settings *": "f->wire.settings",
    "struct envoi_stanza *": "f->stanza",
    "struct envoi_subscriptions *": "f->subscriptions",
    "struct envoi_ticket *": "NULL",
    "struct envoi_time *": "&f->time",
    "struct envoi_tls_config *": "f->tls",
    "struct envoi_uri *": "f->uri",
    "struct envoi_xml_parser *": "f->parser",
    "struct envoi_xml_writer *": "f->writer",
    "uint16_t": "0",
    "uint16_t *": "NULL",
    "uint32_t": "1",
    "uint64_t": "1",
    "uint64_t *": "&f->a_uint64",
    "unsigned char": "f->room",
    "unsigned int": "0",
    "void *": "NULL",
    "void (*done)(void *user, int code)": "NULL",
}

# What a function returns to its caller, and how it is freed.
OWNED = {
    "struct envoi_element *": "envoi_element_unref",
    "struct envoi_stanza *": "envoi_stanza_unref",
    "struct envoi_xml_writer *": "null_drop_writer",
}

# Values by the name of the parameter, where that of the type would not do.
NAMED = {
    "address": '"127.0.0.1"',
    "group": '"Work"',
    "from": '"me@example.org"',
    "path": "null_socket_path()",
    "to": '"me@example.org"',
}

UNREACHED = {
    "envoi_admission_log_in": "an admission is made by a connection that was accepted",
    "envoi_acceptor_accept_component": "a transport is taken whatever the result: test_accept_component",
    "envoi_bind_answer": "inside a feature of a stream",
    "envoi_channel_broken": "for implementations of channels: a text for the log, or NULL",
    "envoi_channel_received": "for implementations of channels: bytes with their length",
    "envoi_commands_continue": "it needs an answer: test_commands",
    "envoi_component_lookup_answer": "a look-up is made by a connection that was accepted",
    "envoi_handshake_answer": "inside a feature of a stream",
    "envoi_host_meta_connector_new": "a connector is taken whatever the result: test_host_meta",
    "envoi_listener_take": "test_listener: a channel is taken whatever the result",
    "envoi_lookup_address": "the resolver's: test_dial",
    "envoi_lookup_srv": "the resolver's: test_dial",
    "envoi_muc_announces": "a room is entered: test_muc",
    "envoi_muc_destroy": "a room is entered: test_muc",
    "envoi_muc_invite": "a room is entered: test_muc",
    "envoi_muc_invite_directly": "a room is entered: test_muc",
    "envoi_muc_leave": "a room is entered: test_muc",
    "envoi_muc_moderate": "a room is entered: test_muc",
    "envoi_muc_find_occupant": "a room is entered: test_muc",
    "envoi_muc_say": "a room is entered: test_muc",
    "envoi_muc_send_private": "a room is entered: test_muc",
    "envoi_muc_set_affiliation": "a room is entered: test_muc",
    "envoi_muc_set_nick": "a room is entered: test_muc",
    "envoi_muc_set_role": "a room is entered: test_muc",
    "envoi_muc_set_show": "a room is entered: test_muc",
    "envoi_muc_set_subject": "a room is entered: test_muc",
    "envoi_promise_error": "test_delivery",
    "envoi_reply_error": "test_delivery",
    "envoi_reply_text": "test_delivery",
    "envoi_sasl_give_password": "inside an exchange",
    "envoi_sasl_lookup_answer_password": "inside an exchange",
    "envoi_server_add_document": "of libenvoi-server: test_server_web",
    "envoi_server_add_component": "of libenvoi-server: test_server_components",
    "envoi_server_remove_account": "of libenvoi-server: test_server_registration",
    "envoi_server_set_password": "of libenvoi-server: test_server_sessions",
    "envoi_simple_ask": "it runs a loop: test_simple",
    "envoi_simple_send": "it runs a loop: test_simple",
    "envoi_stream_feature_done": "inside a feature of a stream",
    "envoi_stream_inline_answer": "inside a feature of a stream",
    "envoi_stream_inline_offer": "inside a feature of a stream",
    "envoi_stream_inline_request": "inside a feature of a stream",
    "envoi_stream_inline_take": "inside a feature of a stream",
    "envoi_stream_send": "bytes with their length",
    "envoi_stream_set_local": "test_stream",
    "envoi_stream_set_user": "test_stream",
    "envoi_web_origin_is_allowed": "inside a request: test_web",
    "envoi_web_request_field": "inside a request: test_web",
}


def prototypes(path):
    """Return type, name and parameters of each exported function of a header."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    for match in re.finditer(r"ENVOI_API\s+([^;{]*?)\s*;", text):
        line = re.sub(r"\s+", " ", match.group(1)).replace("ENVOI_MUST_CHECK ", "")
        parts = re.match(r"(.*?)\b(envoi_\w+)\((.*)\)$", line)
        if parts:
            yield parts.group(1).strip(), parts.group(2), parts.group(3)


def parameters(text):
    """Pairs of type and name."""
    for part in re.split(r",\s*(?![^()]*\))", text.strip()):
        if "(*" in part:
            yield part, re.search(r"\(\*(\w+)", part).group(1)
        else:
            name = re.search(r"(\w+)(\[\w*\])?$", part)
            yield part[: name.start()].strip(), name.group(1)


def call(result, name, given, nulled):
    """A function that calls it, and reports what it returned."""
    made = [MADE[kind] for kind, _ in given if kind in MADE]
    lines = [f"\t{kind[:-1]}{MADE[kind][0]} = NULL;" for kind, _ in given if kind in MADE]
    values = []
    for kind, parameter in given:
        if parameter == nulled:
            values.append("NULL")
        elif kind in MADE:
            values.append("&" + MADE[kind][0])
        else:
            values.append(NAMED.get(parameter, VALUES[kind]) if kind == NULLED[0] else VALUES[kind])
    expression = f"{name}({', '.join(values)})"
    if result == "void":
        lines += [f"\t{expression};", "\tint64_t result = 0;"]
    elif result in OWNED and (name.endswith("_new") or name == "envoi_request_iq"):
        lines += [f"\t{result}returned = {expression};", "\tint64_t result = null_result(returned);",
                  "\tif (returned != NULL) {", f"\t\t{OWNED[result]}(returned);", "\t}"]
    elif result.endswith("*"):
        lines += [f"\tint64_t result = null_result({expression});"]
    else:
        lines += [f"\tint64_t result = (int64_t){expression};"]
    lines += [f"\t{free};" for _, free in made]
    body = "\n".join(lines)
    return f"""\
static int64_t {name}_{nulled}(struct null_fixture *f)
{{
	(void)f;
{body}
\treturn result;
}}
"""


def public_headers(include, left_out, extensions):
    names = [path for path in include.glob("*.h") if path.name not in left_out]
    names += include.glob("interfaces/*.h")
    names += [include / "ext" / f"{name}.h" for name in extensions]
    return sorted(names)


def main():
    output, depfile, include, left_out, extensions = sys.argv[1:]
    headers = public_headers(pathlib.Path(include), left_out.split(","), extensions.split(","))
    pathlib.Path(depfile).write_text(f"{output}: {' '.join(map(str, headers))}\n")
    functions, rows, missing = [], [], []
    for result, name, text in (p for h in headers for p in prototypes(h)):
        if "..." in text:
            continue
        given = list(parameters(text))
        nulled = [parameter for kind, parameter in given if kind in NULLED]
        if not nulled or name in UNREACHED:
            continue
        unknown = [kind for kind, _ in given if kind not in VALUES and kind not in MADE]
        if unknown:
            missing.append(f"{name}: neither in UNREACHED, nor in VALUES {', '.join(unknown)}")
            continue
        for parameter in nulled:
            functions.append(call(result, name, given, parameter))
            rows.append(f'\t{{"{name}", "{parameter}", {name}_{parameter}, '
                        f'{"true" if result == "int" else "false"}}},')
    if missing:
        sys.exit("\n".join(missing))
    nl = "\n"
    pathlib.Path(output).write_text(f"""\
/* Made by null_calls.py. */
#include "null_fixture.h"

{nl.join(functions)}
struct null_call null_calls[] = {{
{nl.join(rows)}
\t{{NULL, NULL, NULL, false}},
}};
""")


main()
