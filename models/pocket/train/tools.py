"""Function tools other than the shell: everyday tools, the calculator, the clock, and thousands of made-up ones."""

import json
import re

import values
from domains import DOMAINS
from phrases import CITIES, DO, NAMES, Draw, dress, is_held, join
from shell import filename, sentence

# name | description | parameters (name:type[:choices], * marks optional) | infinitive phrases, with {parameter}
EVERYDAY = '''
get_weather | Get the weather of a city. | city:city | tell me the weather in {city}; check the weather in {city}; get the weather for {city}; find out how the weather is in {city}; look up the weather in {city}; see if it rains in {city}
get_forecast | Weather forecast for some days. | location:city days:small | get the forecast for {location} for {days} days; show me the weather forecast of {location} for the next {days} days; forecast the weather in {location} for {days} days
send_email | Send an email. | to:email subject:phrase | send an email to {to} with the subject {subject}; email {to} about {subject}; write a mail to {to} with subject {subject}; mail {to}, subject {subject}
send_message | Send a text message to a person. | recipient:name text:phrase | send {recipient} the message {text}; text {recipient} {text}; tell {recipient} {text}; message {recipient}: {text}; write {recipient} that {text}
create_event | Create a calendar event. | title:phrase date:date time*:time | create an event {title} on {date}[ at {time}]; put {title} into my calendar on {date}[ at {time}]; add {title} to the calendar for {date}[ at {time}]; schedule {title} for {date}[ at {time}]
set_alarm | Set an alarm. | time:time | set an alarm for {time}; wake me at {time}; set the alarm clock to {time}; make an alarm at {time}; let the alarm ring at {time}
set_timer | Start a countdown timer. | minutes:small | set a timer for {minutes} minutes; start a timer of {minutes} minutes; count down {minutes} minutes; start a countdown of {minutes} minutes; time {minutes} minutes
set_reminder | Set a reminder. | text:phrase time:time | remind me of {text} at {time}; set a reminder {text} for {time}; remind me at {time} about {text}; make a reminder for {time}: {text}
play_music | Play a song. | song:phrase artist*:name | play the song {song}[ by {artist}]; put on {song}[ by {artist}]; play {song}[ from {artist}]; let me hear {song}[ by {artist}]
book_table | Book a table in a restaurant. | restaurant:title people:small time:time | book a table for {people} people at {restaurant} at {time}; reserve a table at {restaurant} for {people} at {time}; get us a table for {people} in {restaurant} at {time}
book_flight | Book a flight. | origin:city destination:city date:date | book a flight from {origin} to {destination} on {date}; get me a flight to {destination} from {origin} on {date}; fly me from {origin} to {destination} on {date}
book_hotel | Book a hotel room. | city:city nights:small | book a hotel in {city} for {nights} nights; find me a hotel in {city} for {nights} nights; reserve a hotel room in {city}, {nights} nights
translate | Translate a text. | text:phrase language:enum:german,french,spanish,italian,dutch | translate {text} into {language}; translate {text} to {language}; say {text} in {language}; put {text} into {language}; give me the {language} for {text}
convert_currency | Convert money. | amount:num from:enum:USD,EUR,GBP,JPY to:enum:USD,EUR,GBP,JPY | convert {amount} {from} to {to}; change {amount} {from} into {to}; tell me how much {amount} {from} are in {to}; exchange {amount} {from} for {to}
convert_units | Convert a length. | value:num from_unit:enum:km,miles,m,feet to_unit:enum:km,miles,m,feet | convert {value} {from_unit} to {to_unit}; turn {value} {from_unit} into {to_unit}; express {value} {from_unit} in {to_unit}
search_web | Search the web. | query:phrase | search the web for {query}; look up {query} online; google {query}; search for {query} on the internet; find web pages about {query}; do a web search for {query}
search_products | Search the shop. | query:item max_price*:num | find {query} in the shop[ under {max_price} dollars]; search the shop for {query}[ below {max_price} dollars]; show me products like {query}[ up to {max_price} dollars]
add_to_cart | Put a product into the cart. | item:item quantity:small | add {quantity} {item} to the cart; put {quantity} {item} into my cart; add {item} to my basket, {quantity} pieces; buy {quantity} {item}
track_package | Track a package. | tracking_id:id | track the package {tracking_id}; where is my package {tracking_id}; find the parcel {tracking_id}; check the delivery {tracking_id}; follow the shipment {tracking_id}
get_stock_price | Get the price of a stock. | symbol:ticker | get the stock price of {symbol}; tell me the price of {symbol}; check the share price of {symbol}; look up the stock {symbol}; how much is a share of {symbol}
turn_on_light | Turn on the light in a room. | room:room | turn on the light in the {room}; switch on the {room} light; light up the {room}; make light in the {room}; put the light on in the {room}
turn_off_light | Turn off the light in a room. | room:room | turn off the light in the {room}; switch off the {room} light; make the {room} dark; put the light out in the {room}
set_thermostat | Set the temperature of a room. | room:room degrees:small | set the {room} to {degrees} degrees; heat the {room} to {degrees} degrees; make it {degrees} degrees in the {room}; set the temperature in the {room} to {degrees}
lock_door | Lock a door. | door:enum:front,back,garage,cellar | lock the {door} door; close and lock the {door} door; make sure that the {door} door is locked; secure the {door} door
read_file | Read a text file. | path:file | read {path}; open {path}; show me {path}; read the file {path}; tell me what is in {path}; show the contents of {path}; look into {path}; get the text of {path}; what does {path} say; print {path}; display the file {path}
read_text | Returns the contents of a file. | file:file | read {file}; open the file {file}; show {file}; tell me what {file} contains; get the contents of {file}; load {file}; display {file}
write_file | Write text to a file. | path:file content:phrase | write {content} to {path}; save {content} in {path}; put the text {content} into {path}; create {path} with the content {content}; store {content} in the file {path}
append_file | Append a line to a file. | path:file line:phrase | append {line} to {path}; add the line {line} to {path}; put {line} at the end of {path}; extend {path} by {line}
delete_file | Delete a file. | path:file | delete {path}; remove the file {path}; erase {path}; get rid of {path}; delete the file {path}; throw {path} away
list_directory | List the entries of a directory. | path:folder | list the files in {path}; show what is in {path}; list the directory {path}; see what {path} contains; show the contents of the folder {path}
search_files | Search files for a text. | pattern:word directory*:folder | search the files for {pattern}[ in {directory}]; find {pattern}[ in the folder {directory}]; look for {pattern}[ in {directory}]; find the text {pattern}[ under {directory}]
rename_file | Rename a file. | old_name:file new_name:file | rename {old_name} to {new_name}; change the name of {old_name} to {new_name}; give {old_name} the new name {new_name}
create_user | Create a user account. | username:word email*:email admin*:bool | create a user {username}[ with the email {email}]; add the user {username}[ with mail {email}]; make an account for {username}[ with the address {email}]; register {username}[ with {email}]
delete_user | Delete a user account. | username:word | delete the user {username}; remove the account of {username}; delete the account {username}; close the account {username}
get_user | Look up a user. | user_id:num | get the user {user_id}; look up user {user_id}; show user number {user_id}; fetch the user with id {user_id}; who is user {user_id}
create_ticket | Create a support ticket. | title:phrase priority:enum:low,medium,high | open a ticket {title} with {priority} priority; create a {priority} priority ticket {title}; file a ticket called {title}, priority {priority}; report {title} as a ticket of {priority} priority
close_ticket | Close a support ticket. | ticket_id:num | close ticket {ticket_id}; mark ticket {ticket_id} as closed; close the ticket number {ticket_id}; resolve ticket {ticket_id}
assign_ticket | Assign a ticket to a person. | ticket_id:num assignee:name | assign ticket {ticket_id} to {assignee}; give ticket {ticket_id} to {assignee}; hand ticket {ticket_id} over to {assignee}; make {assignee} responsible for ticket {ticket_id}
run_query | Run a SQL query. | query:sql | run the query {query}; execute {query}; run {query} on the database; query the database with {query}; execute the sql {query}
add_todo | Add an item to the todo list. | task:phrase | add {task} to my todo list; put {task} on the todo list; note the task {task}; add the task {task}; write {task} on my list
complete_todo | Mark a todo as done. | id:num | mark todo {id} as done; complete task {id}; tick off todo {id}; finish the todo number {id}; set task {id} to done
add_note | Save a note. | text:phrase | note {text}; save the note {text}; write down {text}; make a note: {text}; take a note that {text}; keep the note {text}
get_time | Get the time in a city. | city:city | tell me the time in {city}; get the local time in {city}; find out what time it is in {city}; check the time in {city}; what time is it in {city}
get_distance | Distance between two cities. | origin:city destination:city | get the distance from {origin} to {destination}; tell me how far it is from {origin} to {destination}; measure the distance between {origin} and {destination}; how far is {destination} from {origin}
get_directions | Directions between places. | start:city end:city mode*:enum:car,bike,train,walking | show me the way from {start} to {end}[ by {mode}]; get directions from {start} to {end}[ by {mode}]; how do i get from {start} to {end}[ by {mode}]; plan a route from {start} to {end}[ by {mode}]
roll_dice | Roll dice. | sides:small count*:small | roll a die with {sides} sides[ {count} times]; throw a {sides}-sided die[ {count} times]; roll a d{sides}[ {count} times]
random_number | A random number in a range. | min:num max:num | give me a random number between {min} and {max}; pick a number from {min} to {max}; choose a random number between {min} and {max}; draw a number from {min} to {max}
generate_password | Generate a password. | length:small symbols*:bool | generate a password of {length} characters; make me a password with {length} characters; create a password of length {length}; give me a {length} character password
start_server | Start a server. | name:word port:num | start the server {name} on port {port}; launch {name} at port {port}; run the server {name} on {port}; bring up {name} on port {port}
stop_server | Stop a server. | name:word | stop the server {name}; shut down {name}; halt the server {name}; take {name} down; turn the server {name} off
restart_service | Restart a service. | service:word | restart the service {service}; restart {service}; reboot the service {service}; stop {service} and start it again; bounce {service}
deploy | Deploy a version. | version:version environment:enum:staging,production,test | deploy version {version} to {environment}; release {version} to {environment}; ship {version} to {environment}; put version {version} on {environment}
create_branch | Create a git branch. | name:word base*:word | create a branch {name}[ from {base}]; make a new branch called {name}[ based on {base}]; start the branch {name}[ off {base}]; open a branch named {name}[ from {base}]
merge_branch | Merge a branch. | source:word target:word | merge {source} into {target}; merge the branch {source} into {target}; bring {source} into {target}; combine {source} into {target}
apply_patch | Apply a patch to a file. | file:file patch:phrase | apply the patch {patch} to {file}; patch {file} with {patch}; change {file} with the patch {patch}
run_tests | Run the tests. | path*:file verbose*:bool | run the tests[ in {path}]; start the tests[ of {path}]; execute the test suite[ in {path}]; test the project[ with {path}]
take_photo | Take a photo. | camera:enum:front,rear | take a photo with the {camera} camera; make a picture with the {camera} camera; use the {camera} camera to take a photo; shoot a photo with the {camera} camera
set_volume | Set the volume. | level:num | set the volume to {level}; turn the volume to {level}; make the sound {level} percent; change the volume to {level}; put the volume at {level}
change_color | Change the color of a lamp. | lamp:word color:color | make the lamp {lamp} {color}; change the color of {lamp} to {color}; set the lamp {lamp} to {color}; turn {lamp} {color}
order_food | Order food. | dish:item quantity:small | order {quantity} {dish}; get me {quantity} {dish}; order {dish} for me, {quantity} portions; i am hungry, order {quantity} {dish}
call_contact | Call a person. | name:name | call {name}; phone {name}; give {name} a call; ring {name}; start a call with {name}; dial {name}
find_recipe | Find a recipe. | ingredient:item minutes*:small | find a recipe with {ingredient}[ in under {minutes} minutes]; what can i cook with {ingredient}[ in {minutes} minutes]; look up a recipe for {ingredient}[ that takes {minutes} minutes]
get_definition | Look up a word. | word:word | define {word}; look up the word {word}; get the definition of {word}; tell me what {word} means; find the meaning of {word}; check the dictionary for {word}
get_synonyms | Synonyms of a word. | word:word | find synonyms of {word}; give me another word for {word}; get words that mean the same as {word}; list synonyms for {word}
count_words | Count the words of a text. | text:phrase | count the words in {text}; tell me how many words are in {text}; get the number of words of {text}; how long is the text {text} in words
reverse_text | Reverse a text. | text:phrase | reverse {text}; turn {text} around; write {text} backwards; spell {text} in reverse; give me {text} backwards
resize_image | Resize an image. | file:file width:num height:num | resize {file} to {width} by {height}; make {file} {width} wide and {height} high; scale {file} to {width}x{height}; change the size of {file} to {width} times {height}
rotate_image | Rotate an image. | file:file degrees:num | rotate {file} by {degrees} degrees; turn {file} {degrees} degrees; rotate the image {file} {degrees} degrees
download | Download a file. | url:url path*:file | download {url}[ to {path}]; fetch {url}[ and save it as {path}]; get the file at {url}[ as {path}]; save {url}[ to {path}]
http_get | Make an HTTP GET request. | url:url | get {url}; request {url}; make a request to {url}; fetch the page {url}; open {url}; call the url {url}
set_status | Set the status shown to others. | status:enum:available,busy,away,offline | set my status to {status}; show me as {status}; mark me as {status}; change my status to {status}; i am {status} now, update my status
subscribe | Subscribe to a channel. | channel:word | subscribe to {channel}; sign me up for {channel}; follow the channel {channel}; join the channel {channel}
unsubscribe | Leave a channel. | channel:word | unsubscribe from {channel}; leave the channel {channel}; stop following {channel}; sign me off from {channel}
create_invoice | Create an invoice. | customer:name amount:num | create an invoice for {customer} over {amount} dollars; bill {customer} {amount} dollars; invoice {customer} for {amount}; make out an invoice of {amount} dollars to {customer}
pay_bill | Pay a bill. | bill_id:id amount:num | pay {amount} dollars for bill {bill_id}; settle bill {bill_id} with {amount} dollars; pay the bill {bill_id} of {amount} dollars
transfer_money | Transfer money. | to:name amount:num | transfer {amount} dollars to {to}; send {to} {amount} dollars; pay {to} {amount} dollars; wire {amount} dollars to {to}; give {to} {amount} dollars from my account
get_balance | Balance of an account. | account:enum:checking,savings,credit | get the balance of my {account} account; tell me how much is on my {account} account; check the {account} account; show the balance of the {account} account
log_workout | Log a workout. | kind:enum:running,cycling,swimming,yoga minutes:small | log {minutes} minutes of {kind}; record {minutes} minutes of {kind}; note that i did {minutes} minutes of {kind}; save a {kind} workout of {minutes} minutes
find_meeting_room | Find a free meeting room. | people:small date:date | find a meeting room for {people} people on {date}; get a room for {people} on {date}; look for a free room on {date} for {people} people
invite | Invite a person to an event. | person:name event:phrase | invite {person} to {event}; ask {person} to come to {event}; send {person} an invitation to {event}; add {person} to {event}
rate_movie | Rate a movie. | title:title stars:small | rate {title} with {stars} stars; give {title} {stars} stars; rate the movie {title} {stars}; put {stars} stars on {title}
print_document | Print a document. | file:file copies*:small | print {file}[ {copies} times]; make a print of {file}[ in {copies} copies]; print out {file}[, {copies} copies]; send {file} to the printer[ {copies} times]
scan_port | Check a network port. | host:word port:num | scan port {port} on {host}; check if port {port} is open on {host}; test port {port} of {host}; see if {host} listens on port {port}
check_spelling | Check the spelling of a text. | text:phrase | check the spelling of {text}; spell-check {text}; see if {text} is spelled right; look for spelling mistakes in {text}
water_plants | Water the plants. | area:enum:garden,balcony,greenhouse liters:small | water the {area} with {liters} liters; give the {area} {liters} liters of water; pour {liters} liters on the {area} plants; use {liters} liters to water the {area}
feed_pet | Feed a pet. | pet:enum:cat,dog,fish,rabbit grams:num | feed the {pet} {grams} grams; give the {pet} {grams} grams of food; put out {grams} grams for the {pet}
open_app | Open an app. | app:word | open the app {app}; start {app}; launch the app {app}; bring up {app}; switch to the app {app}
compress | Compress a folder. | folder:folder format:enum:zip,tar,gz | compress {folder} as {format}; pack the folder {folder} into a {format}; make a {format} of {folder}; archive {folder} as {format}
get_news | Get the news about a topic. | topic:item limit*:small | get the news about {topic}; show me {limit} news about {topic}; tell me the news on {topic}; what is new about {topic}; find news on {topic}
vote | Vote for a candidate. | candidate:name | vote for {candidate}; give my vote to {candidate}; cast a vote for {candidate}; i choose {candidate}, vote
plant_tree | Plant a tree. | kind:enum:oak,birch,maple,apple place:city | plant a {kind} tree in {place}; put a {kind} tree into the ground in {place}; set a {kind} tree in {place}
check_availability | Check whether a product is in stock. | product:item store:city | check if {product} is in stock in {store}; see whether the {store} store has {product}; is {product} available in {store}; look whether {product} can be had in {store}
update_order | Change the quantity of an order. | order_id:id quantity:small | change order {order_id} to {quantity} pieces; set the quantity of order {order_id} to {quantity}; update order {order_id}: {quantity} pieces; make it {quantity} in order {order_id}
cancel_order | Cancel an order. | order_id:id | cancel order {order_id}; call off the order {order_id}; stop order {order_id}; i do not want order {order_id} anymore; withdraw order {order_id}
calculate_tip | Calculate a tip. | bill:num percent:small | calculate a tip of {percent} percent on {bill} dollars; how much is a {percent} percent tip for {bill} dollars; work out {percent} percent tip for a bill of {bill}
'''.strip().splitlines()

VERBS = {  # tool verb: words that requests use for it
    'create': 'create make add new set+up', 'delete': 'delete remove erase drop', 'get': 'get show fetch look+up tell+me', 'update': 'update change modify edit', 'start': 'start launch begin run', 'stop': 'stop halt end turn+off',
    'open': 'open unlock', 'close': 'close shut', 'find': 'find search+for look+for locate', 'check': 'check inspect test look+at', 'count': 'count number', 'print': 'print output', 'move': 'move shift', 'copy': 'copy duplicate clone',
    'rename': 'rename', 'send': 'send deliver ship', 'order': 'order buy purchase', 'book': 'book reserve', 'cancel': 'cancel call+off', 'paint': 'paint color', 'measure': 'measure', 'clean': 'clean wash', 'repair': 'repair fix mend',
    'sort': 'sort arrange', 'merge': 'merge combine join', 'split': 'split divide', 'load': 'load import', 'save': 'save store keep', 'schedule': 'schedule plan', 'rate': 'rate score', 'reset': 'reset restore', 'lock': 'lock secure',
    'scan': 'scan', 'share': 'share', 'sell': 'sell', 'rent': 'rent lease', 'feed': 'feed', 'heat': 'heat warm', 'cool': 'cool chill', 'record': 'record log', 'play': 'play', 'pause': 'pause', 'list': 'list show+all', 'install': 'install', 'enable': 'enable activate switch+on',
    'disable': 'disable deactivate switch+off', 'approve': 'approve accept', 'reject': 'reject refuse', 'assign': 'assign', 'archive': 'archive', 'publish': 'publish post', 'validate': 'validate verify', 'export': 'export', 'register': 'register enroll',
    'rotate': 'rotate turn', 'resize': 'resize scale', 'convert': 'convert transform', 'describe': 'describe explain', 'read': 'read', 'write': 'write', 'track': 'track follow', 'compare': 'compare', 'query': 'query ask', 'attach': 'attach', 'detach': 'detach',
}
PARAMS = {  # name: (type, value kind, ways to say it); {v} is the value
    'name': ('string', 'word', ['called {v}', 'named {v}', 'with the name {v}', 'by the name of {v}']), 'title': ('string', 'phrase', ['titled {v}', 'with the title {v}', 'called {v}']), 'id': ('string', 'id', ['with id {v}', 'number {v}', 'with the id {v}', '{v}']),
    'city': ('string', 'city', ['in {v}', 'for {v}', 'from {v}']), 'location': ('string', 'city', ['in {v}', 'at {v}', 'near {v}']), 'date': ('string', 'date', ['on {v}', 'for {v}']), 'time': ('string', 'time', ['at {v}', 'for {v}']),
    'email': ('string', 'email', ['with the email {v}', 'with mail {v}', 'for {v}']), 'owner': ('string', 'name', ['owned by {v}', 'for {v}', 'of {v}']), 'user': ('string', 'name', ['for {v}', 'for the user {v}', 'as {v}']), 'count': ('integer', 'small', ['{v} times', 'with a count of {v}', 'with count {v}']),
    'limit': ('integer', 'small', ['with a limit of {v}', 'at most {v}', 'limited to {v}']), 'size': ('integer', 'num', ['of size {v}', 'with size {v}', 'with a size of {v}']), 'amount': ('number', 'num', ['for an amount of {v}', 'with the amount {v}', 'over {v}']), 'price': ('number', 'num', ['for {v} dollars', 'at a price of {v}', 'with the price {v}']),
    'level': ('integer', 'small', ['at level {v}', 'to level {v}', 'with level {v}']), 'minutes': ('integer', 'small', ['for {v} minutes', 'within {v} minutes']), 'color': ('string', 'color', ['in {v}', 'with the color {v}', 'colored {v}']), 'path': ('string', 'path', ['at {v}', 'in {v}', 'from {v}', 'with the path {v}']),
    'file': ('string', 'file', ['from {v}', 'in the file {v}', 'with the file {v}']), 'reason': ('string', 'phrase', ['because of {v}', 'with the reason {v}']), 'note': ('string', 'phrase', ['with the note {v}', 'and note {v}']), 'text': ('string', 'phrase', ['with the text {v}', 'saying {v}']), 'port': ('integer', 'num', ['on port {v}', 'at port {v}']),
    'priority': ('string', 'enum:low,medium,high', ['with {v} priority', 'at {v} priority', 'with priority {v}']), 'format': ('string', 'enum:json,csv,xml,pdf,text', ['as {v}', 'in {v} format', 'in the format {v}']), 'unit': ('string', 'enum:celsius,fahrenheit,kelvin', ['in {v}', 'with the unit {v}']), 'mode': ('string', 'enum:fast,slow,safe,auto', ['in {v} mode', 'with mode {v}']),
    'force': ('boolean', 'bool', ['with force', 'by force', 'forcing it']), 'verbose': ('boolean', 'bool', ['verbosely', 'with verbose output', 'and be verbose']), 'urgent': ('boolean', 'bool', ['urgently', 'as urgent', 'and mark it urgent']), 'public': ('boolean', 'bool', ['publicly', 'as public', 'and make it public']), 'url': ('string', 'url', ['from {v}', 'at {v}', 'with the url {v}']),
    'version': ('string', 'version', ['in version {v}', 'version {v}', 'with version {v}']), 'target': ('string', 'word', ['to {v}', 'into {v}', 'with the target {v}']), 'tag': ('string', 'word', ['with the tag {v}', 'tagged {v}']),
}
SIMPLE_TYPES = {'city': 'string', 'name': 'string', 'title': 'string', 'phrase': 'string', 'word': 'string', 'email': 'string', 'date': 'string', 'time': 'string', 'file': 'string', 'folder': 'string', 'path': 'string', 'url': 'string', 'id': 'string', 'item': 'string', 'ticker': 'string',
                'room': 'string', 'color': 'string', 'sql': 'string', 'version': 'string', 'small': 'integer', 'num': 'number', 'bool': 'boolean', 'enum': 'string', 'list': 'array', 'decimal': 'number',
                **{kind: 'string' for kind in ('place_name', 'fullname', 'text', 'code', 'any', 'hash', 'host', 'ip', 'square', 'math', 'dotted')}}
TITLES = ['Roma', 'Sakura', 'Bella Vista', 'The Old Mill', 'Luigi', 'Golden Dragon', 'Blue Moon', 'La Perla', 'Green Garden', 'The Anchor', 'Red Lion', 'Sunset Grill', 'Casa Maria', 'The Last Train', 'Silent River', 'Night Owl']
ITEMS = ['shoes', 'a lamp', 'tomatoes', 'rice', 'noodles', 'pizza', 'batteries', 'pencils', 'headphones', 'bananas', 'cheese', 'socks', 'chairs', 'notebooks', 'coffee', 'green tea', 'chicken', 'potatoes', 'cookies', 'bread', 'salad', 'soup', 'mugs', 'towels', 'cables']
ROOMS = ['kitchen', 'bedroom', 'bathroom', 'living room', 'hall', 'office', 'garage', 'attic', 'cellar', 'nursery']
COLORS = 'red green blue yellow white black orange purple pink brown gray violet silver'.split()
MONTHS = 'January February March April May June July August September October November December'.split()


def value(d: Draw, kind: str, words: list[str]) -> object:
    if kind.startswith('enum:'):
        return d.choice(kind[5:].split(','))
    word = lambda: d.choice(words)
    if kind == 'phrase':
        n = d.choice([1, 2, 2, 3, 3, 4])
        return ' '.join(word() for _ in range(n)) if d.maybe(0.65) else d.choice(['hello', 'team meeting', 'lunch with Anna', 'good morning', 'buy milk', 'the report is done', 'see you soon', 'call the dentist', 'weekly review', 'thank you', 'happy birthday', 'i am late', 'water the plants', 'project plan', 'door is open', 'dinner', 'green forest', 'free books'])
    if kind == 'word':
        return d.choice([word(), word(), word(), f'{word()}-{word()}', f'{word()}_{d.randint(1, 99)}', f'{word()}{d.randint(1, 99)}', word().capitalize()])
    if kind == 'date':
        return d.choice([f'2026-{d.randint(1, 12):02}-{d.randint(1, 28):02}', f'{d.choice(MONTHS)} {d.randint(1, 28)}', 'tomorrow', 'Monday', 'Friday', 'Sunday', f'{d.randint(1, 28)} {d.choice(MONTHS)}', 'next Tuesday', f'2025-{d.randint(1, 12):02}-{d.randint(1, 28):02}'])
    if kind == 'time':
        return d.choice([f'{d.randint(0, 23)}:{d.choice([0, 15, 30, 45]):02}', f'{d.randint(0, 23):02}:{d.randint(0, 59):02}', f'{d.randint(1, 12)} am', f'{d.randint(1, 12)} pm', f'{d.randint(1, 12)}pm', 'noon'])
    if kind == 'email':
        return f"{d.choice([word(), d.choice(NAMES).lower()])}{d.choice(['', '', str(d.randint(1, 99))])}@{d.choice(['example.com', 'example.org', 'mail.com', 'test.net', word() + '.com'])}"
    if kind == 'id':
        return d.choice([f'{word()[:2]}{d.randint(10, 999)}', f"{d.choice('ABCDEFGHKXZ')}{d.choice('ABCDEFGHKXZ')}-{d.randint(10, 9999)}", str(d.randint(1, 9999)), f'{d.randint(100, 999)}-{d.randint(10, 99)}', f"{d.choice('abcdefxyz')}{d.randint(1, 9)}{d.choice('abcdefxyz')}{d.randint(10, 99)}"])
    simple = {'city': lambda: d.choice(CITIES), 'name': lambda: d.choice(NAMES), 'title': lambda: d.choice(TITLES), 'file': lambda: filename(d), 'folder': lambda: d.choice(['src', 'docs', '/tmp', '/home', 'data', word(), './' + word(), 'images', 'backup', '/etc']),
              'path': lambda: d.choice([filename(d), '/' + word() + '/' + word(), './' + word(), '~/' + word(), word() + '/' + filename(d)]), 'url': lambda: d.choice(['https://example.com/' + word(), 'http://localhost:' + str(d.randint(1000, 9999)), f'https://{word()}.org', f'https://www.{word()}.com/{word()}']),
              'item': lambda: d.choice(ITEMS), 'ticker': lambda: d.choice(['AAPL', 'MSFT', 'NVDA', 'TSLA', 'AMZN', 'IBM', 'SAP', 'ORCL', 'INTC', ''.join(d.choice('ABCDEFGHIKLMNOPRST') for _ in range(d.randint(3, 4)))]), 'room': lambda: d.choice(ROOMS), 'color': lambda: d.choice(COLORS),
              'sql': lambda: d.choice([f'SELECT * FROM {word()}', f'SELECT {word()} FROM {word()}', f'DELETE FROM {word()}', f'SELECT count(*) FROM {word()} WHERE {word()} = {d.randint(1, 99)}', f'DROP TABLE {word()}']), 'version': lambda: f'{d.randint(0, 9)}.{d.randint(0, 20)}' + d.choice(['', f'.{d.randint(0, 9)}']),
              'small': lambda: d.randint(1, 20), 'num': lambda: d.choice([d.randint(1, 100), d.randint(100, 999), d.randint(1000, 9999), d.randint(1, 20)]), 'bool': lambda: True}
    if kind in simple:
        return simple[kind]()
    return DOMAIN_KINDS[kind](d, words)


DOMAIN_KINDS = {  # kinds of domains.py
    'decimal': lambda d, words: round(d.random() * d.choice([10, 100, 1000]), 2) if d.maybe(0.7) else d.randint(1, 500), 'place_name': lambda d, words: d.choice([d.choice(CITIES), *d.sample(values.STREETS, 3)]),
    'fullname': lambda d, words: d.choice([f'{d.choice(NAMES)} {d.choice(values.SURNAMES)}', f'Dr {d.choice(values.SURNAMES)}', d.choice(NAMES)]), 'text': lambda d, words: values.text(d, words, lambda rng, n: ' '.join(rng.choice(words) for _ in range(3))),
    'code': lambda d, words: d.choice([values.characters(d, values.CAPITALS, 2, 4), values.characters(d, values.CAPITALS, 3, 3), f'{values.characters(d, values.CAPITALS, 2, 2)}{d.randint(10, 9999)}']),
    'any': lambda d, words: values.anything(d, words, lambda rng, n: ' '.join(rng.choice(words) for _ in range(3))), 'hash': lambda d, words: values.characters(d, '0123456789abcdef', 5, 10),
    'list': lambda d, words: list(dict.fromkeys(d.choice(words) for _ in range(d.randint(2, 4)))) + ['id'], 'host': lambda d, words: d.choice([f'{d.choice(words)}.{d.choice(["com", "org", "net", "local"])}', f'{d.choice(words)}.example.com']),
    'ip': lambda d, words: '.'.join(str(d.randint(1, 254)) for _ in range(4)), 'square': lambda d, words: d.choice('abcdefgh') + str(d.randint(1, 8)),
    'math': lambda d, words: d.choice([f'{d.randint(2, 9)}x + {d.randint(1, 20)} = {d.randint(20, 99)}', f'x^2 - {d.randint(1, 99)}', f'sin({d.randint(2, 9)}x)', f'x/{d.randint(2, 9)} = {d.randint(2, 30)}', f'{d.randint(2, 9)}*x^{d.randint(2, 5)}']),
    'dotted': lambda d, words: '.'.join(d.choice(words) for _ in range(d.randint(2, 3))),
}


def say(d: Draw, v: object, kind: str) -> str:
    """A value as a request mentions it."""
    text = join(v) if isinstance(v, list) else str(v)
    if kind in ('phrase', 'title', 'word', 'text', 'any') and d.maybe(0.3) and not re.search('["\'`]', text):
        return d.choice(['"{}"', "'{}'", '"{}"', '`{}`']).format(text)
    return text


def schema_of(d: Draw, params: list[tuple[str, str, bool]]) -> dict | None:
    """params: (name, kind, required)."""
    if not params and d.maybe(0.5):
        return None
    properties = {}
    for name, kind, _ in params:
        entry: dict = {'type': SIMPLE_TYPES[kind.split(':')[0]]}
        if kind == 'list':
            entry['items'] = {'type': 'string'}
        if kind == 'num' and d.maybe(0.3):
            entry['type'] = 'integer'
        if kind.startswith('enum:'):
            entry['enum'] = kind[5:].split(',')
        if d.maybe(0.45):
            plain = name.replace('_', ' ')
            entry['description'] = d.choice([f'The {plain}.', f'{plain.capitalize()} to use.', f'The {plain} of the request.', plain.capitalize(), f'What {plain} to use.'])
        properties[name] = entry
    required = [name for name, _, needed in params if needed]
    schema = {'type': 'object', 'properties': properties}
    if required or d.maybe(0.5):
        schema['required'] = required
    if d.maybe(0.2):
        schema['additionalProperties'] = False
    return schema


def parse_everyday(line: str) -> tuple[str, str, list[tuple[str, str, bool]], list[str]]:
    name, description, params, phrases = (part.strip() for part in line.split('|'))
    parsed = []
    for param in params.split():
        key, kind = param.split(':', 1)
        parsed.append((key.rstrip('*'), kind, not key.endswith('*')))
    return name, description, parsed, [p.strip() for p in phrases.split(';')]


ALL_EVERYDAY = [parse_everyday(line) for line in EVERYDAY + DOMAINS]
HELD_EVERYDAY = {'get_stock_price', 'set_thermostat', 'close_ticket', 'roll_dice', 'restart_service', 'merge_branch', 'set_volume', 'order_food', 'count_words', 'rotate_image', 'subscribe', 'transfer_money', 'log_workout', 'rate_movie', 'feed_pet', 'open_app', 'cancel_order', 'set_timer', 'invite', 'print_document', 'get_distance', 'add_note'}
TRAIN_EVERYDAY = [t for t in ALL_EVERYDAY if t[0] not in HELD_EVERYDAY]
UNSEEN_EVERYDAY = [t for t in ALL_EVERYDAY if t[0] in HELD_EVERYDAY]


# words that do not begin an infinitive phrase
STARTERS = set('where how what who which when is has does am any i we my there in rate price taxi issue row next holiday every stock compare'.split()) - {'compare', 'rate'}
RENAMED = {  # other names of a parameter, by the kind of its value
    'city': 'place town location where area', 'name': 'person who contact user friend', 'phrase': 'content body value words input', 'word': 'name target key id value', 'email': 'address mail contact', 'date': 'day when on', 'time': 'at when hour clock', 'file': 'path filename document input source', 'folder': 'dir directory location',
    'url': 'link address page', 'id': 'number code reference key', 'item': 'product thing article what', 'small': 'n number value count', 'num': 'number value n', 'title': 'name what label', 'enum': 'kind type option choice', 'text': 'content words body what', 'code': 'symbol key short', 'room': 'where place zone', 'decimal': 'value sum number',
}
VERB_NAMES = {'get': 'fetch find show look_up query', 'send': 'deliver push dispatch', 'create': 'add make new', 'delete': 'remove drop erase', 'find': 'search locate look_for', 'set': 'change adjust put', 'book': 'reserve', 'search': 'find query', 'add': 'insert put append', 'start': 'run launch begin', 'stop': 'end halt kill', 'read': 'open show get', 'list': 'show get', 'check': 'test verify look_at', 'log': 'note record track',
              'convert': 'change transform', 'buy': 'order get purchase', 'update': 'change modify', 'show': 'display print'}


def everyday(d: Draw, words: list[str], unseen: bool, renamed: bool = False) -> tuple[dict, str, dict]:
    """(tool, request, arguments) of an everyday tool; `unseen` takes one that training never has, `renamed` may change all names."""
    name, description, params, phrases = d.choice(UNSEEN_EVERYDAY if unseen else TRAIN_EVERYDAY)
    renamed = renamed and not unseen and d.maybe(0.5)
    shown = rename_tool(d, name, words) if renamed else name if unseen or d.maybe(0.7) else d.choice([name.replace('_', '-'), camel(name), name + '_tool', name.replace('_', '')])
    phrase = d.choice(phrases)
    optional = d.maybe(0.5)
    arguments: dict = {}
    if '[' in phrase:
        before, rest = phrase.split('[', 1)
        inner, after = rest.split(']', 1)
        phrase = before + (inner if optional else '') + after
    first = phrase.split(' ')[0].rstrip(',:')
    order = sorted(params, key=lambda _: d.random()) if not unseen and d.maybe(0.2) else params
    said, taken, declared = [], set(), []
    for key, kind, required in order:
        label = key
        others = RENAMED.get(kind.split(':')[0])
        if renamed and others and d.maybe(0.4):
            label = d.choice(others.split(' '))
            label = key if label in taken or any(label == k for k, _, _ in params) else label
        taken.add(label)
        declared.append((label, kind, required))
        if '{' + key + '}' in phrase:
            v = value(d, kind, words)
            arguments[label] = v
            said.append(say(d, v, kind))
            phrase = phrase.replace('{' + key + '}', said[-1])
    tool = {'name': shown, 'description': description if renamed or d.maybe(0.9) else None, 'parameters': schema_of(d, declared)}
    if first in STARTERS or first.startswith('{'):
        text = dress(d, phrase, first in ('where', 'how', 'what', 'who', 'which', 'when', 'is', 'has', 'does', 'am', 'any'), slips=False)
    else:
        text = dress(d, d.pick(DO).replace('{vp}', phrase), d.maybe(0.25), slips=False)
    if not all(s in text for s in said):  # dressing changed a value
        return everyday(d, words, unseen, renamed)
    return tool, text, arguments


def rename_tool(d: Draw, name: str, words: list[str]) -> str:
    """Another name for a tool; its description stays."""
    first, *rest = name.split('_')
    parts = [d.choice(VERB_NAMES.get(first, first).split(' ')), *rest]
    if d.maybe(0.25):
        parts.insert(d.choice([0, len(parts)]), d.choice(['my', 'home', 'app', 'user', 'new', 'do', 'service', 'api', 'quick', 'one', 'v2', 'item', values.pseudo(d)]))
    name = '_'.join(parts)
    out = d.choice([name, name, camel(name), name.replace('_', '-'), values.pseudo(d), f'{values.pseudo(d)}_{first}', camel(name).capitalize(), '_'.join(reversed(name.split('_')))])
    return rename_tool(d, 'do_' + '_'.join([first, *rest]), words) if letters(out) in HELD_LETTERS else out


def letters(name: str) -> str:
    return re.sub('[^a-z]', '', name.lower())


HELD_LETTERS = {letters(name) for name in HELD_EVERYDAY}


def camel(name: str) -> str:
    head, *rest = name.split('_')
    return head + ''.join(w.capitalize() for w in rest)


def made_up(d: Draw, nouns: list[str], words: list[str], noun: str | None = None, verb: str | None = None) -> dict:
    """A made-up tool: {tool, verb, noun, params}."""
    verb = verb or d.choice(list(VERBS))
    noun = noun or d.choice(nouns)
    base = d.choice([f'{verb}_{noun}', f'{verb}_{noun}', f'{noun}_{verb}', f'{verb}{noun.capitalize()}', f'{verb}-{noun}', f'{noun}.{verb}' if d.maybe(0.1) else f'{verb}_{noun}', f'{verb}_{noun}', noun])
    if '.' in base:
        base = base.replace('.', '_')
    chosen = d.sample(list(PARAMS), d.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 4]))
    if base == noun and not chosen:
        base = f'{verb}_{noun}'
    if letters(base) in HELD_LETTERS:
        return made_up(d, nouns, words)
    params = []
    for key in chosen:
        kind = PARAMS[key][1]
        shown = key
        if d.maybe(0.15):
            shown = f'{noun}_{key}'
        params.append([shown, kind, d.maybe(0.65) and kind != 'bool', key])
    if d.maybe(0.3):  # a parameter that is named by a random noun
        other = d.choice(nouns)
        kind = d.choice(['word', 'num', 'small', 'phrase', 'enum:' + ','.join(d.sample(words, 3))])
        if other not in chosen:
            params.append([other, kind, d.maybe(0.6), None])
    article = 'an' if noun[0] in 'aeiou' else 'a'
    text = d.choice([f'{verb.capitalize()} {article} {noun}.', f'{verb.capitalize()} the {noun}.', f'{verb.capitalize()}s {article} {noun}', f'Use this to {verb} {article} {noun}.', f'{verb.capitalize()} {article} {noun} with the given values.', f'{verb.capitalize()} {noun}s', f'Tool that can {verb} {article} {noun}.', None])
    if base == noun:
        text = text or f'{verb.capitalize()} {article} {noun}.'
    tool = {'name': base, 'description': text, 'parameters': schema_of(d, [(p[0], p[1], p[2]) for p in params])}
    return {'tool': tool, 'verb': verb, 'noun': noun, 'params': params}


GENERIC = ['with {p} {v}', '{p} {v}', 'with the {p} {v}', '{p}: {v}', '{p}={v}', 'and {p} {v}', 'using {v} as the {p}', 'set {p} to {v}', 'where the {p} is {v}', 'with {v} as {p}', 'the {p} is {v}', 'take {v} for the {p}']
ON = ['with {p}', 'with {p} on', '{p} true', '{p}=true', 'with {p} enabled', 'set {p} to true']
OFF = ['without {p}', 'with {p} off', '{p} false', '{p}=false', 'with {p} disabled', 'set {p} to false', 'not {p}']
OBJECT = ['the {n}', 'a {n}', 'the {n}', 'my {n}', 'a new {n}', 'this {n}', 'our {n}', 'one {n}', '{n}', 'that {n}', 'the {n}s']
AFTERTHOUGHTS = ['i need a {n}: {v} it', 'about the {n}: {v} it', 'it is about the {n}, please {v} it', 'for the {n}, {v} it', 'there is a {n} to {v}', 'the {n} must be handled: {v} it', 'use {t}', 'call {t}', 'run the tool {t}', 'please use the tool {t}', 'use the {t} tool', 'call the function {t}']


def made_up_request(d: Draw, made: dict, words: list[str]) -> tuple[str, dict]:
    """(request, arguments) for a made-up tool."""
    verb = d.choice(VERBS[made['verb']].split()).replace('+', ' ') if d.maybe(0.6) else made['verb']
    arguments, parts = {}, []
    for shown, kind, required, key in made['params']:
        if not required and d.maybe(0.5):
            continue
        v = value(d, kind, words)
        name = shown.replace('_', ' ')
        if kind == 'bool':
            if key and d.maybe(0.45):
                way = d.choice(PARAMS[key][2])
            else:
                v = d.maybe(0.55)
                way = d.pick(ON if v else OFF).replace('{p}', name)
        else:
            way = d.choice(PARAMS[key][2]) if key and d.maybe(0.6) else d.pick(GENERIC)
            way = way.replace('{p}', name).replace('{v}', say(d, v, kind))
        arguments[shown] = v
        parts.append(way)
    order = list(parts)
    if d.maybe(0.4):
        d.rng.shuffle(order)
    if d.maybe(0.14):
        core = d.pick(AFTERTHOUGHTS).replace('{n}', made['noun']).replace('{v}', verb).replace('{t}', made['tool']['name'])
        text = core + (' ' if d.maybe(0.5) else ', ' if order else '') + ' '.join(order)
        return dress(d, text.strip(), False, slips=False), arguments
    core = f"{verb} {d.pick(OBJECT).replace('{n}', made['noun'])}"
    if verb == 'new':
        core = f"make a new {made['noun']}"
    glue = d.choice([' ', ' ', ' ', ', ', ' and '])
    text = core + (' ' + order[0] if order else '') + ''.join(glue + o.removeprefix('and ') for o in order[1:])
    return dress(d, d.pick(DO).replace('{vp}', text), d.maybe(0.25), slips=False), arguments


RESULT_KEYS = ['status', 'id', 'count', 'total', 'price', 'temperature', 'result', 'time', 'size', 'speed', 'score', 'state', 'owner', 'value', 'level', 'distance', 'duration', 'color', 'name', 'balance', 'humidity', 'rating', 'position', 'version', 'weight', 'height', 'code', 'message', 'city', 'stock', 'progress', 'age']


def result_of(d: Draw, words: list[str], nouns: list[str]) -> tuple[str, str, list[str]]:
    """(tool output, answer, patterns the answer must match) of a tool that is not a shell."""
    roll = d.random()
    if roll < 0.42:
        keys = d.sample(RESULT_KEYS, d.choice([1, 1, 2, 2, 3])) if d.maybe(0.7) else [d.choice(nouns) for _ in range(d.choice([1, 2]))]
        data = {}
        for key in keys:
            data[key] = d.choice([lambda: d.randint(0, 9999), lambda: d.choice(words), lambda: d.choice(['ok', 'done', 'open', 'closed', 'ready', 'active']), lambda: d.randint(0, 40), lambda: round(d.random() * 100, 1), lambda: d.choice(NAMES), lambda: d.choice(CITIES), lambda: value(d, 'id', words), lambda: value(d, 'time', words)])()
        text = json.dumps(data, separators=d.choice([(',', ':'), (', ', ': ')])) if d.maybe(0.8) else '\n'.join(f'{k}: {v}' for k, v in data.items())
        parts = [f'the {k} is {v}' for k, v in data.items()]
        answer = join(parts)
        return text, answer[0].upper() + answer[1:] + '.', [str(v).lower() for v in data.values()]
    if roll < 0.57:
        line = d.choice([f'{d.choice(nouns)} {d.choice(words)}', str(d.randint(0, 99999)), str(round(d.random() * 1000, 2)), d.choice(words), d.choice(['sunny', 'rain', 'cloudy', 'open', 'yes', 'no', 'true', 'false']) , f'{d.randint(-20, 40)} degrees', f'{d.randint(1, 900)} km', value(d, 'id', words)])
        return line, f'The result is {line}.', [line.lower()]
    if roll < 0.72:
        n, w = d.choice(nouns), d.choice(words)
        line = d.choice([f'The {n} was created.', f'Created {n} {d.randint(1, 999)}.', f'{n.capitalize()} {w} is ready.', f'Sent to {d.choice(NAMES)}.', f'The {n} in {d.choice(CITIES)} is {w}.', f'{d.choice(NAMES)} has {d.randint(1, 99)} {n}s.', f'The {n} costs {d.randint(1, 999)} dollars.', f'Deleted {d.randint(1, 50)} {n}s.', f'It is {d.randint(-9, 35)} degrees and {d.choice(["sunny", "cloudy", "raining", "windy"])} in {d.choice(CITIES)}.',
                         f'The {n} was moved to {w}.', f'Booked for {value(d, "time", words)}.', f'Your {n} will arrive on {value(d, "date", words)}.', f'{w.capitalize()} {d.choice(words)} {n}.'])
        return line, line, [line.lower().rstrip('.')]
    if roll < 0.82:
        why = d.choice([f'no such {d.choice(nouns)}', f'{d.choice(words)} not found', 'permission denied', 'timed out', 'not authorized', 'invalid argument', f'{d.choice(nouns)} is locked', 'service unavailable', 'quota exceeded', 'connection refused'])
        text = d.choice([f'Error: {why}', f'error: {why}', json.dumps({'error': why}), f'ERROR {why}', json.dumps({'ok': False, 'error': why}), f'Failed: {why}'])
        return text, f'That failed: {why}.', [why.lower()]
    if roll < 0.9:
        items = list(dict.fromkeys(d.choice([d.choice(words), d.choice(NAMES), filename(d)]) for _ in range(d.randint(2, 5))))
        if len(items) == 1:
            items.append('other')
        text = d.choice([json.dumps(items), '\n'.join(items), ', '.join(items), '\n'.join('- ' + i for i in items), json.dumps({'results': items}), json.dumps({'items': items})])
        return text, f'The results are {join(items)}.', [i.lower() for i in items]
    return d.choice(['ok', 'OK', 'done', 'success', '', '{"ok":true}', '{"status":"ok"}', '{"success":true}', 'null', 'Done.']), 'Done.', ['done']


CLOCKS = [('clock', 'Tells the time.'), ('clock', 'Current time.'), ('clock', None), ('get_time', 'Returns the current time.'), ('current_time', 'The current time of day.'), ('time', 'Gives the time.'), ('now', 'Current date and time.'), ('get_current_time', 'Get the current time.'), ('wall_clock', 'Reads the wall clock.'), ('clock_now', 'Shows what time it is.')]
CLOCK_QUESTIONS = ['what time is it', 'what time is it', 'what is the time', "what's the time", 'tell me the time', 'do you have the time', 'what time do we have', 'can you tell me the time', 'how late is it', 'what is the current time', 'give me the time', 'what does the clock say', 'could you tell me what time it is', 'i need the time', 'please tell me the time',
                   'show me the time', 'check the time', 'look at the clock', 'the time please', 'what hour is it', 'is it late', 'what time is it now', 'tell me what time it is', 'read the clock', 'do you know what time it is', 'may i have the time', 'time please', 'how late is it now', 'ask the clock', 'use the clock', 'i want to know the time', 'what time have you got']
CALCULATORS = [('calculator', 'expression', 'Calculates an expression.'), ('calculator', 'expression', 'Evaluate an arithmetic expression.'), ('calculate', 'expression', 'Calculate a sum.'), ('calc', 'expr', 'A pocket calculator.'), ('calculator', 'input', 'Does arithmetic.'), ('evaluate', 'expression', 'Evaluates arithmetic.'), ('compute', 'formula', 'Computes a formula.'), ('math', 'expression', 'Does maths.'), ('calculator', 'expression', None), ('eval_math', 'expression', 'Evaluate maths.')]


def clock(d: Draw) -> tuple[dict, str, dict, str, str, list[str]]:
    """(tool, request, arguments, output, answer, patterns)."""
    name, text = d.choice(CLOCKS)
    tool = {'name': name, 'description': text, 'parameters': d.choice([None, {'type': 'object', 'properties': {}}, {'type': 'object', 'properties': {}, 'required': []}, {'type': 'object', 'properties': {}, 'additionalProperties': False}])}
    time = d.choice([f'{d.randint(0, 23):02}:{d.randint(0, 59):02}', f'{d.randint(0, 23)}:{d.randint(0, 59):02}', f'{d.randint(1, 12)}:{d.randint(0, 59):02} {d.choice(["AM", "PM", "am", "pm"])}', f'{d.randint(0, 23):02}:{d.randint(0, 59):02}:{d.randint(0, 59):02}'])
    output = d.choice([time, time, json.dumps({'time': time}), json.dumps({'time': time}, separators=(',', ':')), f'The time is {time}.', f'time: {time}', f'2026-{d.randint(1, 12):02}-{d.randint(1, 28):02}T{time}' if ' ' not in time else time, f'It is {time}', json.dumps({'now': time})])
    return tool, dress(d, d.pick(CLOCK_QUESTIONS)), {}, output, f'It is {time}.', [time.lower()]
