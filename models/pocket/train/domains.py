"""Further everyday tools of training, one a line, as in tools.py; none of them is among the tools kept for evaluation."""

DOMAINS = '''
preheat_oven | Preheats the oven. | temperature:num program*:enum:grill,fan,top | preheat the oven to {temperature} degrees[ with {program}]; warm the oven up to {temperature}[ on {program}]; bring the oven to {temperature} degrees[, {program}]; i want the oven at {temperature} degrees[ with {program}]
start_washing_machine | Starts the washing machine. | program:enum:cotton,wool,delicate,quick spin*:num | start the washing machine with the {program} program[ at {spin}]; wash my clothes on {program}[ with {spin} turns]; do a {program} wash[ with {spin} turns]; run the laundry, {program}[, {spin} turns]
vacuum | Sends the vacuum robot to a room. | room:room times*:small | vacuum the {room}[ {times} times]; clean the floor of the {room}[ {times} times]; send the robot to the {room}[ {times} times]; let the robot do the {room}[ {times} times]
open_blinds | Moves the blinds of a room. | room:room percent:num | open the blinds in the {room} to {percent} percent; put the {room} blinds at {percent}; raise the blinds of the {room} by {percent} percent; let light into the {room}, {percent} percent
dim_lamp | Dims a lamp. | lamp:word brightness:num | dim {lamp} to {brightness}; make {lamp} darker, {brightness} percent; bring the brightness of {lamp} to {brightness}; i want {lamp} at {brightness} percent
arm_alarm | Arms the burglar alarm. | zone:enum:house,garden,garage mode*:enum:night,away | arm the alarm in the {zone}[ for {mode}]; switch the {zone} alarm on[ in {mode} mode]; protect the {zone}[ with {mode}]; watch the {zone}[ in {mode} mode]
charge_car | Charges the car. | percent:num by*:time | charge the car to {percent} percent[ by {by}]; load the battery of the car up to {percent}[ until {by}]; i need {percent} percent in the car[ by {by}]; plug the car in until {percent} percent[, done by {by}]
rent_car | Rents a car. | city:city days:small type*:enum:small,family,van | rent a car in {city} for {days} days[, a {type} one]; get me a rental car in {city}, {days} days[, {type}]; i need a car for {days} days in {city}[, {type}]
call_taxi | Orders a taxi. | pickup:place_name passengers:small | get a taxi for {passengers} people at {pickup}; send a cab to {pickup} for {passengers}; i need a ride from {pickup} for {passengers} people; taxi to {pickup}, {passengers} passengers
find_train | Looks for train connections. | from:city to:city when:date | find a train from {from} to {to} on {when}; when does a train go from {from} to {to} on {when}; look for trains to {to} from {from} for {when}; i must go from {from} to {to} on {when} by train
get_flight_status | Status of a flight. | flight:code | what is the status of flight {flight}; is flight {flight} late; check flight {flight}; where is flight {flight} now; has {flight} landed
get_exchange_rate | Exchange rate between currencies. | base:code quote:code | get the exchange rate of {base} to {quote}; how does {base} stand against {quote}; what is one {base} in {quote}; rate from {base} to {quote}
lookup_airport | Finds an airport by its code. | code:code | which airport is {code}; look up the airport {code}; what does {code} stand for as an airport; find the airport with the code {code}
buy_shares | Buys shares. | company:code shares:small | buy {shares} shares of {company}; get me {shares} {company} shares; invest in {shares} pieces of {company}; put {shares} {company} into my portfolio
set_price_alert | Warns when a price is reached. | product:item price:decimal | warn me when {product} costs {price}; tell me once {product} is at {price}; watch the price of {product} until {price}; price alert for {product} at {price}
log_expense | Records an expense. | category:enum:food,travel,rent,fun amount:decimal | record {amount} for {category}; i spent {amount} on {category}; note an expense of {amount} for {category}; put {amount} under {category}
split_bill | Splits a bill. | total:decimal people:small | split {total} between {people} people; divide a bill of {total} by {people}; we are {people} and must pay {total}, split it; share {total} among {people}
convert_temperature | Converts temperatures. | degrees:num to:enum:celsius,fahrenheit,kelvin | convert {degrees} degrees to {to}; what are {degrees} degrees in {to}; turn {degrees} degrees into {to}; express {degrees} in {to}
calculate_bmi | Body mass index. | height:num weight:num | calculate the bmi for {height} cm and {weight} kg; what is my bmi at {weight} kg and {height} cm; i am {height} cm tall and weigh {weight} kilos, what is the bmi
log_meal | Records a meal. | meal:enum:breakfast,lunch,dinner,snack food:item | i had {food} for {meal}; log {food} as {meal}; my {meal} was {food}; write {food} down for {meal}
log_sleep | Records a night of sleep. | hours:decimal quality*:enum:good,poor,fair | i slept {hours} hours[, it was {quality}]; log {hours} hours of sleep[ of {quality} quality]; note that i slept for {hours} hours[, {quality}]
track_water | Records water that was drunk. | glasses:small | i drank {glasses} glasses of water; log {glasses} glasses; add {glasses} glasses to my water; {glasses} more glasses for today
book_appointment | Makes an appointment. | doctor:fullname date:date time:time | make an appointment with {doctor} on {date} at {time}; i want to see {doctor} on {date}, {time}; get me to {doctor} at {time} on {date}; book {doctor} for {date} at {time}
refill_prescription | Orders a prescription again. | medicine:word pharmacy*:title | order my {medicine} again[ at {pharmacy}]; refill {medicine}[ at {pharmacy}]; i am out of {medicine}, get more[ from {pharmacy}]
reply_email | Answers an email. | message_id:id body:text | answer the mail {message_id} with {body}; reply {body} to mail {message_id}; write back to {message_id}: {body}; respond to message {message_id} with {body}
forward_email | Forwards an email. | message_id:id to:email | forward mail {message_id} to {to}; pass the message {message_id} on to {to}; let {to} see mail {message_id}; hand mail {message_id} to {to}
search_mail | Searches the mailbox. | sender:name subject*:word | find mails from {sender}[ about {subject}]; show me what {sender} wrote[ about {subject}]; any mail by {sender}[ on {subject}]; search my inbox for {sender}[ and {subject}]
mark_read | Marks messages as read. | folder:word | mark everything in {folder} as read; set all mails of {folder} to read; i have read {folder}, mark it
post_message | Posts into a chat channel. | channel:word text:text | post {text} in {channel}; write {text} to the channel {channel}; let {channel} know: {text}; announce {text} in {channel}; say {text} in {channel}
create_channel | Opens a chat channel. | name:word private*:bool | open a channel called {name}; make the channel {name}; we need a channel {name}; set up {name} as a channel
add_member | Adds a person to a team. | team:word person:name | add {person} to the team {team}; put {person} into {team}; {person} joins {team}, add them; make {person} a member of {team}
remove_member | Removes a person from a team. | team:word person:name | take {person} out of {team}; remove {person} from the team {team}; {person} has left {team}, remove them; {person} should no longer be in {team}
start_call | Starts a video call. | with:name video*:bool | start a video call with {with}; call {with} on video; i want to talk to {with} face to face; get {with} on the line
move_event | Moves a calendar event. | event:text day:date | move {event} to {day}; put {event} on {day} instead; {event} must be on {day}; shift {event} to {day}
list_events | Lists calendar events of a day. | day:date | what do i have on {day}; show my calendar for {day}; which meetings are on {day}; list my events of {day}; am i busy on {day}
decline_meeting | Declines a meeting. | meeting:text reason*:text | decline {meeting}[ because {reason}]; say no to {meeting}[, {reason}]; i will not come to {meeting}[ because {reason}]
snooze_alarm | Snoozes the alarm. | minutes:small | let me sleep {minutes} more minutes; snooze for {minutes} minutes; wake me {minutes} minutes later; {minutes} minutes more in bed
world_clock | Adds a city to the world clock. | city:city | add {city} to the world clock; show the clock of {city} too; put {city} on the clock list
next_song | Skips songs. | count*:small | skip the song[, {count} songs]; next song please[, skip {count}]; go on to the next track[, {count} further]
create_playlist | Makes a playlist. | name:title genre*:enum:rock,jazz,pop,folk | make a playlist {name}[ with {genre}]; create the playlist {name}[ of {genre} songs]; i want a playlist called {name}[, {genre}]
add_song | Adds a song to a playlist. | song:title playlist:word | add the song {song} to {playlist}; put {song} on the list {playlist}; {song} belongs in {playlist}, add it; save {song} in {playlist}
play_radio | Plays a radio station. | station:word | play the station {station}; turn on {station} on the radio; let me hear the radio station {station}; tune in to {station}
get_lyrics | Lyrics of a song. | song:title artist*:name | get the lyrics of {song}[ by {artist}]; what does {artist} sing in {song}; show me the words of {song}[ by {artist}]
search_movies | Searches films. | genre:enum:comedy,drama,horror,western year*:num | find a {genre}[ from {year}]; look for {genre} films[ of {year}]; i want to watch a {genre}[ from {year}]
buy_tickets | Buys tickets. | event:title seats:small | buy {seats} tickets for {event}; get {seats} seats at {event}; we are {seats} and want to see {event}, buy tickets; {seats} places for {event}
borrow_book | Borrows a book from the library. | book:title member:id | borrow {book} for member {member}; lend {book} to {member}; {member} takes {book}; check {book} out to {member}
return_book | Takes a borrowed book back. | book:title | return {book}; bring {book} back to the library; i have finished {book}, give it back; {book} goes back
get_homework | Homework of a class. | class:word subject*:enum:math,history,music | what homework has class {class}[ in {subject}]; show the homework of {class}[ in {subject}]; what must {class} do at home[ for {subject}]
grade_student | Enters a grade. | student:fullname grade:small | give {student} a {grade}; {student} gets grade {grade}; enter {grade} for {student}; grade {student} with {grade}
enroll | Enrolls a student in a course. | student:fullname course:word | enroll {student} in {course}; {student} wants to take {course}; sign {student} up for the course {course}; put {student} into {course}
commit | Commits changes. | message:text amend*:bool | commit with the message {message}; make a commit {message}; save my work in git as {message}; record the changes as {message}
tag_release | Tags a release. | tag:version branch*:word | tag {tag}[ on {branch}]; mark this as release {tag}[ on {branch}]; make the release {tag}[ from {branch}]
open_pull_request | Opens a pull request. | title:text base:word | open a pull request {title} against {base}; make a pr called {title} into {base}; propose {title} for {base}; send {title} as a pull request to {base}
review_pr | Reviews a pull request. | number:num verdict:enum:approve,comment,reject | review pr {number} with {verdict}; {verdict} pull request {number}; say {verdict} on pr {number}; give {number} the verdict {verdict}
revert_commit | Reverts a commit. | hash:hash | revert {hash}; undo the commit {hash}; take {hash} back; roll {hash} back
blame | Shows who wrote a line. | file:file line:num | who wrote line {line} of {file}; show the author of {file} line {line}; blame {file} at {line}; find out who changed line {line} in {file}
add_label | Labels an issue. | issue:num label:word | label issue {issue} as {label}; put {label} on issue {issue}; add the label {label} to {issue}; issue {issue} is {label}
create_table | Creates a database table. | table:word columns:list | create a table {table} with {columns}; make the table {table}, columns {columns}; set up {table} having {columns}; a table {table} with the columns {columns}
insert_row | Inserts a row. | table:word value:word | insert {value} into {table}; add the row {value} to {table}; put {value} in the table {table}; store {value} in {table}
count_rows | Counts rows of a table. | table:word where*:word | how many rows has {table}[ with {where}]; count the rows of {table}[ where {where}]; number of rows in {table}[ with {where}]
backup_database | Backs a database up. | database:word to*:path | back up {database}[ to {to}]; make a copy of the database {database}[ in {to}]; save {database}[ at {to}]
list_containers | Lists containers. | state*:enum:running,stopped,all | list the containers[ that are {state}]; show docker containers[, {state}]; which containers are there[, {state}]
stop_container | Stops a container. | container:word force*:bool | stop the container {container}; kill {container}; take the container {container} down; {container} must stop
pull_image | Pulls a container image. | image:word tag*:version | pull {image}[ in version {tag}]; get the image {image}[ with tag {tag}]; fetch {image} from the registry[, {tag}]
scale_service | Changes the number of instances. | service:word replicas:small | scale {service} to {replicas}; run {replicas} copies of {service}; {service} needs {replicas} instances; bring {service} up to {replicas}
tail_log | Shows the end of a log. | service:word lines:num | show the last {lines} log lines of {service}; what did {service} log, {lines} lines; give me {lines} lines of the {service} log
check_certificate | Checks a TLS certificate. | domain:host | check the certificate of {domain}; when does the certificate of {domain} end; is {domain} still secure; look at the tls of {domain}
resolve_host | Resolves a host name. | hostname:host | resolve {hostname}; which ip has {hostname}; look up {hostname} in dns; find the address of {hostname}
block_ip | Blocks an address. | ip:ip hours*:small | block {ip}[ for {hours} hours]; keep {ip} out[ for {hours} hours]; ban {ip}[, {hours} hours]
create_password_reset | Sends a password reset. | user:email | send {user} a new password; {user} has forgotten the password; reset the password of {user}
grant_access | Grants access. | user:word resource:path level*:enum:read,write,admin | give {user} access to {resource}[ with {level}]; let {user} into {resource}[ as {level}]; allow {user} {resource}[, {level}]
rotate_key | Replaces an access key. | key:hash | rotate the key {key}; replace {key}; make a new key for {key}; {key} is old, renew it
crop_image | Crops an image. | file:file left:num top:num | crop {file} at {left}, {top}; cut {file} from {left} and {top}; trim {file}, left {left}, top {top}
convert_image | Converts an image. | file:file format:enum:png,jpeg,webp,gif | convert {file} to {format}; make a {format} of {file}; save {file} as {format}; i need {file} in {format}
extract_text | Reads text out of an image. | image:file | read the text in {image}; what is written on {image}; get the words out of {image}; extract the text of {image}
add_watermark | Puts a watermark on an image. | image:file mark:text | put the watermark {mark} on {image}; mark {image} with {mark}; write {mark} over {image}
merge_pdf | Joins two PDF files. | first:file second:file | join {first} and {second}; put {first} and {second} together; make one pdf of {first} and {second}; attach {second} to {first}
zip_files | Packs files. | files:list archive:word | zip {files} into {archive}; pack {files} as {archive}; make an archive {archive} of {files}
share_folder | Shares a folder. | folder:folder with:email | share {folder} with {with}; give {with} the folder {folder}; let {with} use {folder}
calculate_area | Area of a rectangle. | width:num height:num | what is the area of {width} by {height}; calculate the area for {width} and {height}; how big is a field of {width} times {height}
factorize | Factors a number. | number:num | factor {number}; which primes make up {number}; split {number} into primes; what are the factors of {number}
solve_equation | Solves an equation. | equation:math | solve {equation}; what is x in {equation}; find the solution of {equation}; work out {equation}
plot | Draws a function. | function:math from*:num | draw {function}[ from {from}]; plot {function}[ starting at {from}]; show the graph of {function}[ from {from}]
get_prime | The n-th prime number. | n:small | give me prime number {n}; what is the {n}th prime; find prime {n}
toggle_favorite | Marks a thing as favourite. | item:item | i like {item}, remember that; mark {item} as a favourite; {item} is my favourite
write_review | Writes a review. | product:item score:small text*:text | review {product} with {score} points[: {text}]; {score} points for {product}[, {text}]; my verdict on {product} is {score}[: {text}]
check_stock | How many pieces are in the warehouse. | sku:id | how many of {sku} do we have; is {sku} in the warehouse; check what is left of {sku}; stock of {sku}
return_item | Sends an item back. | order:id reason:text | send order {order} back because {reason}; return {order}, {reason}; i do not want {order}: {reason}
apply_coupon | Applies a coupon. | coupon:code | use the coupon {coupon}; apply {coupon}; i have a coupon {coupon}; take {coupon} off the price
book_room | Books a room. | room:word hours:small | book the room {room} for {hours} hours; i need {room} for {hours} hours; reserve {room}, {hours} hours; give us {room} for {hours} hours
request_vacation | Asks for days off. | from:date to:date | i want to be off from {from} to {to}; ask for vacation from {from} until {to}; holiday from {from} to {to}, please; take me off from {from} to {to}
clock_in | Starts working time. | employee:name project*:word | clock {employee} in[ for {project}]; {employee} begins work[ on {project}]; start the day of {employee}[ on {project}]
promote | Gives a person a new position. | person:fullname position:enum:manager,lead,director | make {person} a {position}; promote {person} to {position}; {person} becomes {position}
sow | Sows seeds. | plant:enum:carrot,bean,pea,basil row:small | sow {plant} in row {row}; put {plant} seeds into row {row}; row {row} gets {plant}
mow_lawn | Mows the lawn. | part:enum:front,back,side height:small | mow the {part} lawn to {height}; cut the {part} grass at {height} cm; the {part} grass is too high, make it {height}
adopt_animal | Adopts an animal. | animal:enum:cat,dog,horse,parrot name:name | adopt the {animal} {name}; take the {animal} {name} home; give {name} the {animal} a home
move_piece | Moves a piece on the board. | from:square to:square | move from {from} to {to}; take the piece on {from} to {to}; {from} to {to}; go {from} {to}
draw_card | Draws cards. | count:small deck*:enum:red,blue | draw {count} cards[ from the {deck} deck]; give me {count} cards[ of {deck}]; i take {count} cards[, {deck}]
start_game | Starts a game. | game:title players:small | start {game} for {players} players; we are {players}, let us play {game}; begin a round of {game} with {players}
set_difficulty | Sets how hard a game is. | level:enum:easy,normal,hard | make it {level}; i want to play on {level}; set the game to {level}
spawn_unit | Places units in a game. | unit:word x:num y:num | place {unit} at {x}, {y}; put a {unit} on {x} {y}; spawn {unit} at {x} and {y}
report_bug | Reports a bug. | summary:text severity:enum:minor,major,critical | report {summary} as {severity}; there is a {severity} bug: {summary}; file {summary}, it is {severity}
escalate | Hands a case to the next level. | case:id team:enum:network,billing,security | escalate {case} to {team}; case {case} must go to {team}; let {team} handle {case}
translate_document | Translates a file. | file:file to:enum:polish,swedish,greek,turkish | translate the file {file} to {to}; i need {file} in {to}; make a {to} version of {file}
summarize_page | Summarizes a web page. | url:url sentences*:small | summarize {url}[ in {sentences} sentences]; what is on {url} in short[, {sentences} sentences]; give me the gist of {url}[ in {sentences} sentences]
bookmark | Saves a bookmark. | url:url title*:text | bookmark {url}[ as {title}]; remember the page {url}[ under {title}]; keep {url}[ as {title}]
check_link | Checks whether a link works. | url:url | does {url} work; check {url}; is the link {url} dead; test if {url} answers
define_variable | Sets a variable. | name:word value:any | let {name} be {value}; set {name} to {value}; {name} = {value}; give {name} the value {value}
set_config | Changes a setting. | key:dotted value:any | set {key} to {value}; change {key} to {value}; i want {key} to be {value}; put {value} in {key}
get_config | Reads a setting. | key:dotted | what is {key} set to; read {key}; show me the value of {key}; get {key}
store_value | Stores a value under a key. | key:any value:any | store {value} under {key}; remember {value} as {key}; put {value} at {key}; save {key} as {value}
lookup | Looks a key up. | key:any | look up {key}; what is stored under {key}; find {key}; give me the value of {key}
echo | Repeats a text. | text:any | echo {text}; repeat {text}; send {text} back; say {text} again
encode | Encodes a text. | text:any codec:enum:base64,hex,url | encode {text} as {codec}; turn {text} into {codec}; {codec} of {text}; make {codec} out of {text}
hash_text | Hash of a text. | text:any algorithm:enum:md5,sha1,sha256 | hash {text} with {algorithm}; what is the {algorithm} of {text}; compute {algorithm} for {text}
compare_texts | Compares two texts. | a:any b:any | compare {a} with {b}; is {a} the same as {b}; how do {a} and {b} differ; {a} or {b}, are they equal
replace_text | Replaces text in a file. | file:file old:any new:any | replace {old} by {new} in {file}; change {old} to {new} in {file}; in {file}, put {new} for {old}; every {old} in {file} becomes {new}
'''.strip().splitlines()
