#!/usr/bin/perl
# A codexpc client from src/ipc/PROTOCOL.md alone: no code of codexpc, no modules beyond Perl's own.
# usage: client.pl SOCKET PROMPT    prints the answer; its tool calls are answered with "42"
use strict; use warnings; use IO::Socket::UNIX; use Encode qw(encode decode);
my ($path, $prompt) = @ARGV;
my $socket = IO::Socket::UNIX->new(Peer => $path) or die "cannot connect to $path: $!\n";

sub pack_value {    # \5 is a number, \\1 is true; strings, undef, [arrays] and {maps} are themselves
    my ($v) = @_;
    return "\xc0" unless defined $v;
    return $$$v ? "\xc3" : "\xc2" if ref $v eq 'REF';
    return pack('Cq>', 0xd3, $$v) if ref $v eq 'SCALAR';
    return pack('CN', 0xdd, scalar @$v) . join('', map { pack_value($_) } @$v) if ref $v eq 'ARRAY';
    return pack('CN', 0xdf, scalar keys %$v) . join('', map { pack_value($_), pack_value($v->{$_}) } sort keys %$v) if ref $v;
    my $bytes = encode('UTF-8', $v);
    return pack('CN', 0xdb, length $bytes) . $bytes;
}
sub unpack_value {    # takes what it reads off the front of its argument
    my $t = unpack 'C', substr($_[0], 0, 1, '');
    my $take = sub { my ($template, $size) = @_; unpack $template, substr($_[2], 0, $size, '') };
    my ($uint, $size) = ({ 0 => 'C', 1 => 'n', 2 => 'N', 3 => 'Q>' }, 0);
    return $t if $t < 0x80;
    return $t - 256 if $t >= 0xe0;
    return { 0xc0 => undef, 0xc2 => 0, 0xc3 => 1 }->{$t} if $t <= 0xc3 && $t >= 0xc0;
    return $take->($t == 0xca ? 'f>' : 'd>', $t == 0xca ? 4 : 8, $_[0]) if $t == 0xca || $t == 0xcb;
    return $take->($uint->{$t - 0xcc}, 1 << $t - 0xcc, $_[0]) if $t >= 0xcc && $t <= 0xcf;
    return $take->({ 0 => 'c', 1 => 's>', 2 => 'l>', 3 => 'q>' }->{$t - 0xd0}, 1 << $t - 0xd0, $_[0]) if $t >= 0xd0 && $t <= 0xd3;
    if ($t >= 0xd9) { my $width = $t <= 0xdb ? $t - 0xd9 : 1 + ($t & 1); $size = $take->($uint->{$width}, 1 << $width, $_[0]) }
    else { $size = $t & ($t >= 0xa0 ? 0x1f : 0x0f) }
    return decode('UTF-8', substr($_[0], 0, $size, '')) if ($t >= 0xa0 && $t < 0xc0) || ($t >= 0xd9 && $t <= 0xdb);
    return [map { unpack_value($_[0]) } 1 .. $size] if ($t & 0xf0) == 0x90 || $t == 0xdc || $t == 0xdd;
    my %map; for (1 .. $size) { my $key = unpack_value($_[0]); $map{$key} = unpack_value($_[0]) } return \%map;
}
sub send_message { my $message = pack_value($_[0]); $socket->print(pack('N', length $message) . $message); $socket->flush }
sub receive {
    read($socket, my $header, 4) == 4 or die "the daemon closed the connection\n";
    read($socket, my $message, unpack('N', $header));
    return unpack_value($message);
}

send_message({ type => 'hello', protocolVersion => \1, client => 'client.pl' });
send_message({ type => 'respond', requestId => 'perl', checkpoint => undef, instructions => undef, tools => [], toolChoice => 'auto', daemonTools => \\1, outputSchema => undef,
    items => [{ kind => 'message', role => 'user', text => decode('UTF-8', $prompt), channel => undef }],
    reasoningEffort => 'low', currentDate => undef, maxTokens => \64, deadlineMs => undef, include => [],
    toolCalls => 'await', topLogprobs => \0, sampling => { temperature => \0, topK => \0, topP => \1, minP => \0,
        repetitionPenalty => \1, presencePenalty => \0, frequencyPenalty => \0, logitBias => [], seed => \7 } });
binmode STDOUT, ':encoding(UTF-8)';
while (my $message = receive()) {
    my ($type, $item) = ($message->{type}, $message->{item} // {});
    print $message->{text} if $type eq 'output_text.delta';
    send_message({ type => 'tool_output', requestId => 'perl', callId => $item->{callId}, output => '42' })
        if ($item->{kind} // '') eq 'tool_call' && $item->{owner} eq 'client';
    die "$message->{error}{code}: $message->{error}{message}\n" if $type eq 'failed' || $type eq 'error';
    print "\n[$message->{finishReason}, $message->{usage}{outputTokens} tokens]\n" and exit 0 if $type eq 'completed';
}
