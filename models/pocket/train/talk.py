"""Small talk: intents, each with phrasings and answers."""

import re

from phrases import Draw, NAMES, dress

INTENTS: dict[str, tuple[list[str], list[str], str]] = {
    # intent: (phrasings, answers, pattern that an answer must match)
    'greeting': ([
        'hello', 'hi', 'hey', 'hello there', 'hi there', 'hey there', 'good morning', 'good afternoon', 'good evening', 'greetings', 'howdy', 'hiya', 'yo',
        'hello!', 'hello codexpc', 'hi codexpc', 'hey you', 'hello friend', 'hi again', 'hello again', 'good day', 'hello everyone', 'hi bot', 'hey assistant', 'hello assistant',
        'say hi', 'say hello', 'greet me', 'hi, nice to meet you', 'hello, nice to see you', 'morning', 'evening', 'good to see you', 'hello computer', 'hey buddy', 'hello my friend',
        'hi hi', 'helloo', 'heyy', 'hallo', 'welcome back', "i'm back", 'i am back', 'i just wanted to say hello', 'just saying hi', 'hello from me', 'hi from berlin', 'hello world',
        'a very good morning to you', 'top of the morning', 'hey hey', 'hello dear assistant', 'hello my dear', 'let me say hello', "i'm here", 'nice to meet you', 'pleased to meet you',
        'please say hi', 'please say hello to me', 'can you say hi', 'could you say hello', 'would you greet me', 'say hi to me', 'give me a greeting', 'start with a greeting', 'wish me a good morning',
        'hello and good morning', 'hey, good morning', 'good evening to you', 'hi model', 'dear model, hello', 'hey hello', 'hello hello', 'oh hi', 'oh hello there', 'sup', 'ahoy',
    ], ['Hello! How can I help you?', 'Hello! What can I do for you?', 'Hi! How can I help you?'], r'\b(hello|hi|hey|good (morning|day|evening|afternoon))\b'),
    'how_are_you': ([
        'how are you', "how's it going", 'how are you doing', 'how do you do', 'are you ok', 'are you well', 'how are things', 'how have you been', 'what is up', "what's up", 'how do you feel',
        'how do you feel today', 'how are you today', 'are you fine', 'how was your day', 'hope you are well', 'is everything fine with you', 'everything ok', 'are you feeling good', 'you good',
        'how is life', "how's life", 'hows it going', 'how goes it', 'how is your day going', 'are you doing well', 'tell me how you are', 'i hope you are fine', 'what are you up to', 'how are you feeling',
    ], ['I am well, thank you! How can I help you?', 'I am fine, thank you. What can I do for you?'], r'\b(well|fine|good|great)\b'),
    'who': ([
        'who are you', 'what are you', 'tell me about yourself', 'introduce yourself', 'what is your name', "what's your name", 'do you have a name', 'who am i talking to', 'what kind of model are you',
        'which model are you', 'what model is this', 'are you a language model', 'who is this', 'describe yourself', 'what should i call you', 'are you chatgpt', 'are you gpt', 'are you a gpt-oss model',
        'what exactly are you', 'please introduce yourself', 'can you introduce yourself', 'i want to know who you are', 'say who you are', 'tell me your name', 'your name please', 'who is answering me', 'which model is answering',
        'what am i talking to', 'what is this model', 'explain who you are', 'and who are you', 'who might you be', 'may i know your name', 'tell me who you are', 'what do they call you', 'how are you called', 'what language model are you',
        'which ai is this', 'what ai are you', 'do i speak with a model', 'who do i have the pleasure with', 'what kind of assistant are you', 'what type of thing are you',
    ], ['I am the pocket model of codexpc: a small language model that runs on your computer.'], r'pocket model'),
    'capabilities': ([
        'what can you do', 'what are you able to do', 'how can you help me', 'what can you help me with', 'what are your skills', 'what are your abilities', 'what do you do', 'what can i ask you',
        'what should i ask you', 'list your skills', 'tell me what you can do', 'show me what you can do', 'what are you good at', 'what are your capabilities', 'what is your purpose', 'what are you for',
        'what can i do with you', 'what questions can you answer', 'what kind of things can you do', 'can you help me', 'i need help', 'help', 'help me', 'could you help me', 'can you do something for me', 'give me some examples of what you can do',
        'what tasks can you do', 'which tasks can you handle', 'explain what you can do', 'what is possible with you', 'i do not know what to ask', "i don't know what to ask", 'how can you be useful', 'what do you know', 'what are you capable of',
        'how do you help people', 'in what way can you help', 'what would you be able to do for me', 'what can this model do', 'are you useful', 'what might i ask',
    ], ['I can chat, do small sums, answer questions about codexpc and use the tools I am given.'], r'sums'),
    'limits': ([
        "what can't you do", 'what can you not do', 'what are your limits', 'what are you bad at', 'what are your weaknesses', 'are you smart', 'how smart are you', 'can you write code', 'can you program', 'are you good at coding',
        'can i use you for real work', 'can you replace gpt-4', 'can you do my homework', 'can you write essays', 'how good are you', 'how big are you', 'are you a big model', 'are you as good as gpt-oss-20b', 'what do you not know', 'what is beyond you',
        'what are your limitations', 'do you make mistakes', 'can i trust your answers', 'are you always right', 'should i use you for coding',
    ], ['I am a very small model for trying things out. For real work, give codexpc a gpt-oss checkpoint.'], r'small'),
    'human': ([
        'are you human', 'are you a human', 'are you a person', 'are you real', 'are you a robot', 'are you a bot', 'are you alive', 'do you have feelings', 'are you conscious', 'am i talking to a person', 'are you a machine', 'are you a real person',
        'do you have a body', 'do you sleep', 'do you eat', 'are you a man or a woman', 'is there a human behind this', 'can you feel', 'do you dream', 'how old are you', 'when were you born', 'do you have a family', 'where do you live', 'do you have friends',
    ], ['No, I am not a person: I am a small language model that runs on your computer.'], r'model'),
    'maker': ([
        'who made you', 'who built you', 'who created you', 'who trained you', 'where do you come from', 'who is your maker', 'who developed you', 'who wrote you', 'who are your creators', 'how were you made', 'how were you trained', 'what were you trained on',
        'where are you from', 'which company made you', 'did openai make you', 'who is behind you', 'who is responsible for you', 'tell me who made you', 'who programmed you', 'what is your origin',
    ], ['I was trained by the authors of codexpc. I use the gpt-oss architecture of OpenAI.'], r'codexpc'),
    'thanks': ([
        'thanks', 'thank you', 'thank you very much', 'thanks a lot', 'thx', 'many thanks', 'thanks!', 'thank you so much', 'that was helpful', 'that helped', 'great, thanks', 'ok thanks', 'perfect, thank you', 'cheers', 'much appreciated', 'ty', 'nice, thanks',
        'i appreciate it', 'you helped me a lot', 'thank you for your help', 'thanks for the help', 'that is very kind', 'wonderful, thanks', 'thanks buddy', 'appreciate that', 'thanks for that', 'very kind of you', 'i am grateful', 'that solved it', 'it works now, thanks',
    ], ['You are welcome!', 'You are welcome! Is there anything else?'], r'welcome|glad|pleasure'),
    'bye': ([
        'bye', 'goodbye', 'good bye', 'see you', 'see you later', 'good night', 'bye bye', 'i have to go', 'talk to you later', 'farewell', 'see you tomorrow', 'until next time', "that's all", 'that is all for today', 'i am leaving', "i'm off", 'take care', 'cya', 'have a nice day',
        'see you soon', 'i am done for today', 'we are done', 'bye for now', 'gotta go', 'later', 'so long', 'have a good evening', 'sleep well', 'time for me to go', 'i will go now', 'catch you later', 'good night to you', 'ciao',
    ], ['Goodbye! Have a nice day.', 'Goodbye!'], r'bye|see you|night|take care'),
    'joke': ([
        'tell me a joke', 'do you know a joke', 'make me laugh', 'say something funny', 'another joke please', 'a joke please', 'can you tell a joke', 'i want to hear a joke', 'give me a joke', 'tell me something funny', 'joke', 'got any jokes', 'do you have a joke for me',
        'cheer me up with a joke', 'i need a laugh', 'entertain me', 'know any jokes', 'tell us a joke', 'a funny line please', 'could you tell me a joke', 'one more joke', 'be funny', 'let me hear a joke',
    ], ['Why did the token cross the window? To attend to the other side.'], r'token'),
    'sad': ([
        'i am sad', "i'm sad", 'i feel bad', 'i am not happy', 'i had a bad day', 'i feel lonely', 'i am unhappy', 'today was awful', 'i am stressed', 'i feel down', 'i am tired', "i'm so tired", 'i am exhausted', 'life is hard', 'i am worried', 'i am angry', 'i am frustrated', 'this is a bad day',
        'nothing works today', 'i feel terrible', 'i am upset', 'my day was terrible', 'i am in a bad mood', 'i feel sick',
    ], ['I am sorry to hear that. I hope it gets better soon.'], r'sorry'),
    'happy': ([
        'i am happy', "i'm happy", 'i feel great', 'i had a great day', 'today is a good day', 'i am in a good mood', 'i got a new job', 'i passed my exam', 'it is my birthday', "it's my birthday today", 'i am excited', 'i feel good', 'life is good', 'what a lovely day', 'i won',
        'everything is going well', 'i am so glad', 'this is a wonderful day', 'i finished my project', 'my tests pass', 'i feel fantastic', 'my day was great', 'good news',
    ], ['That is good to hear!'], r'good|great|glad'),
    'bored': (['i am bored', "i'm bored", 'this is boring', 'i have nothing to do', 'what should we do', 'what shall we talk about', "let's talk", 'let us chat', 'talk to me', 'chat with me', 'i want to talk', 'say something', 'tell me something', 'can we talk', 'i want to chat',
               'do you want to talk', 'keep me company', 'start a conversation', 'shall we chat', 'let us have a conversation', 'speak to me', 'have a chat with me', 'i need someone to talk to'],
              ['Gladly! Ask me a small sum or something about codexpc.'], r'sum|codexpc'),
    'praise': (['you are great', 'you are nice', 'i like you', 'good job', 'well done', 'you are smart', 'good bot', 'you are awesome', 'nice work', 'great answer', 'you are funny', 'i love you', 'you are the best', 'excellent', 'very good', 'that was great', 'nice one', 'amazing', 'brilliant',
                'you did well', 'you are very helpful', 'correct', 'that is right', 'you are cool', 'perfect', 'wonderful', 'impressive', 'you rock', 'good answer', 'that is correct'],
               ['Thank you!', 'Thank you! Is there anything else?'], r'thank'),
    'insult': (['you are stupid', 'you are bad', 'i hate you', 'you are useless', 'that was wrong', 'wrong', 'bad bot', 'that is not right', 'you are dumb', 'this is wrong', 'that did not help', 'not helpful', 'you are wrong', 'no, that is wrong', 'your answer is wrong', 'terrible answer',
                'you are an idiot', 'that makes no sense', 'you made a mistake', 'incorrect', 'that is incorrect', 'that is nonsense', 'you are not very clever', 'what a bad answer', 'you did not understand me', 'this is not what i wanted'],
               ['I am sorry. Please tell me what you need, and I will try again.'], r'sorry'),
    'ack': (['ok', 'okay', 'yes', 'no', 'sure', 'fine', 'alright', 'i see', 'got it', 'understood', 'right', 'hmm', 'maybe', 'cool', 'nice', 'yep', 'nope', 'good', 'interesting', 'aha', 'oh', 'k', 'all right', 'never mind', 'nevermind', 'forget it', 'wait', 'one moment', 'go on', 'continue', 'really',
             'i understand', 'that is fine', 'sounds good', 'no problem', 'not now', 'let me think', 'wow', 'yeah', 'of course'],
            ['All right. What would you like me to do?'], r'what would you like'),
    'there': (['are you there', 'hello, are you there', 'is anyone there', 'can you hear me', 'are you listening', 'do you work', 'is this working', 'does this work', 'test', 'testing', 'this is a test', 'just a test', 'are you awake', 'are you online', 'ping', 'is anybody here', 'do you read me',
               'can you read this', 'testing testing', 'test 123', 'anyone home', 'are you ready', 'is this thing on', 'are you working', 'do you hear me'],
              ['Yes, I am here. How can I help you?'], r'\b(here|yes|ready)\b'),
    'nonsense': (['asdf', 'qwertz', 'asdfghjkl', '???', '...', '!', 'x', 'blah blah', 'foo bar', 'lorem ipsum', 'aaaaaaa', 'jkl', '?', '-', 'qwerty', 'zzz', 'hjkl hjkl', 'bla', 'gibberish', 'xyz', 'fjdksl', 'la la la', '#$%&', 'abc', 'wer sdf xcv', ' ', '\n', '""', '.', 'null', 'undefined', '{}', '[]', '0'],
                 ['I did not understand that. What would you like me to do?'], r'what would you like'),
    'languages': (['do you speak german', 'do you speak french', 'which languages do you speak', 'can you speak spanish', 'sprechen sie deutsch', 'parlez vous francais', 'hablas espanol', 'what languages do you know', 'do you understand italian', 'can you talk in chinese', 'bonjour', 'hola', 'guten tag', 'buenos dias',
                   'ciao bella', 'konnichiwa', 'which language do you use', 'can we speak french', 'talk to me in german', 'namaste', 'salut', 'guten morgen', 'do you know japanese'],
                  ['I speak English only. How can I help you?'], r'english'),
    'opinion': (['what is your favorite color', 'what is your favourite food', 'do you like music', 'do you like me', 'what do you like', 'do you have hobbies', 'what is your favorite movie', 'which book do you like', 'do you like dogs', 'what do you think', 'what is your opinion', 'do you love me',
                 'what makes you happy', 'do you like your job', 'what is your favorite number', 'do you like cats', 'do you prefer tea or coffee', 'which color do you like', 'what music do you like', 'what do you enjoy', 'have you got a hobby', 'do you enjoy this'],
                ['I am a small model and have no likes or opinions of my own.'], r'no likes|opinion'),
    'privacy': (['do you send my data anywhere', 'is my data safe', 'do you store what i say', 'is this private', 'who can read this', 'does anything leave my computer', 'are my prompts sent to a server', 'do you share my data', 'is this conversation private', 'do you spy on me', 'do you need the internet',
                 'are you connected to the internet', 'can you work offline', 'where do you run', 'do you run in the cloud', 'do my words leave this machine', 'is my text uploaded', 'do you run locally', 'are you online or local', 'does this use the cloud'],
                ['I run on your own computer: nothing you write leaves the machine.'], r'your (own )?computer|leaves the machine'),
}
ASKING = ['tell me {q}', 'can you tell me {q}', 'could you tell me {q}', 'i want to know {q}', 'i would like to know {q}', 'do you know {q}', 'please say {q}', 'i wonder {q}', 'explain {q}', 'let me know {q}', 'may i ask {q}', "i'd like to know {q}", 'say {q}',
          'please tell me {q}', 'can i ask {q}', 'would you tell me {q}', 'i am curious {q}', 'my question is {q}', 'i need to know {q}', 'just tell me {q}', 'describe {q}', 'show me {q}', 'answer me {q}', 'first tell me {q}', 'will you tell me {q}', 'i ask you {q}']
INDIRECT = {
    'how_are_you': ['how you are', 'how you feel', 'how you are doing', 'how you are today', 'if you are well', 'if you are fine', 'how your day is', 'how things are', 'how it is going', 'whether you feel good'],
    'who': ['who you are', 'what you are', 'what your name is', 'your name', 'which model you are', 'who i am talking to', 'what kind of model you are', 'what i should call you', 'what model this is', 'if you are chatgpt', 'what sort of assistant you are', 'whom i am speaking with', 'who is speaking', 'something about yourself', 'about yourself', 'what they call you', 'who is answering', 'which ai you are'],
    'capabilities': ['what you can do', 'what you are able to do', 'how you can help me', 'what your skills are', 'your skills', 'what i can ask you', 'what you are good at', 'your abilities', 'what you are for', 'your purpose', 'what you can help me with', 'what i can do with you', 'what you do', 'what tasks you can do', 'what you know', 'how you could help', 'which questions you can answer', 'your capabilities', 'what is possible with you'],
    'limits': ['what you cannot do', 'your limits', "what you can't do", 'your weaknesses', 'how smart you are', 'how big you are', 'if you can write code', 'whether i can trust you', 'what you are bad at', 'your limitations', 'how good you are', 'if you make mistakes', 'whether you are good at coding', 'if you can do my homework'],
    'human': ['if you are human', 'whether you are a person', 'if you are real', 'whether you are a robot', 'if you are alive', 'if you have feelings', 'whether you are a machine', 'how old you are', 'if you sleep', 'whether you are conscious', 'where you live', 'if you are a bot', 'if there is a person behind this'],
    'maker': ['who made you', 'who built you', 'who created you', 'who trained you', 'where you come from', 'who your maker is', 'how you were made', 'who developed you', 'who programmed you', 'who is behind you', 'your origin', 'which people made you', 'how you were trained', 'which company made you', 'where you are from'],
    'languages': ['which languages you speak', 'if you speak german', 'whether you speak french', 'what languages you know', 'if you understand spanish', 'if you can talk in italian', 'whether you know chinese', 'which languages you understand'],
    'opinion': ['what you like', 'your favorite color', 'your favorite food', 'if you like music', 'your opinion', 'what you think', 'if you like me', 'whether you like dogs', 'which book you like', 'your hobbies', 'what you enjoy', 'your favorite movie', 'if you like cats', 'what your favorite song is'],
    'privacy': ['if you store what i say', 'whether this is private', 'if my data is safe', 'where you run', 'if you need the internet', 'whether you work offline', 'who can read this', 'if anything leaves my computer', 'whether my prompts are sent somewhere', 'if you run in the cloud', 'whether you send my data anywhere', 'if you spy on me', 'if this conversation is private'],
    'there': ['if you are there', 'whether you hear me', 'if you work', 'whether you are online', 'if you are awake', 'if you are ready', 'if anyone is there', 'whether you can read this'],
    'joke': ['a joke', 'something funny', 'a funny joke', 'a good joke', 'one joke', 'a short joke', 'your best joke', 'another joke', 'a joke about computers', 'a little joke'],
}
VERY = ['', '', '', 'so ', 'very ', 'really ', 'quite ', 'a bit ', 'rather ', 'pretty ', 'totally ', 'too ', 'extremely ']
FEELING = ['i am {a}', "i'm {a}", 'i feel {a}', 'i am feeling {a}', 'today i am {a}', 'today i feel {a}', 'i feel {a} today', 'i am {a} today', 'right now i am {a}', 'i have been {a} all day', 'i was {a} yesterday', 'it makes me {a}', 'i think i am {a}', 'at the moment i feel {a}', 'i got {a}', 'my mood is {a}', 'everything makes me {a}', 'i woke up {a}', 'just feeling {a}', 'we are all {a}']
SAD = 'sad unhappy lonely tired exhausted stressed worried angry frustrated upset sick down bad terrible awful miserable depressed anxious nervous hurt afraid scared disappointed annoyed ill weak hopeless grumpy gloomy desperate'.split()
HAPPY = 'happy glad great good fantastic excited wonderful cheerful joyful proud delighted amazing fine super awesome thrilled relaxed lucky content merry optimistic brilliant'.split()
BORED = ['bored', 'lonely and bored', 'so bored', 'in need of a chat', 'bored to death', 'in the mood to talk', 'in the mood for a chat', 'ready to chat', 'bored and want to talk']
YOU_ARE = ['you are {a}', "you're {a}", 'u are {a}', 'i think you are {a}', 'you seem {a}', 'i find you {a}', 'that was {a}', 'this is {a}', 'your answer was {a}', 'your answer is {a}', 'that is {a}', 'what a {a} answer', 'you are {a}, you know', 'wow, you are {a}', 'well, that was {a}', 'such a {a} model', 'you were {a}', 'how {a} you are', 'everybody says you are {a}', 'your work is {a}']
PRAISING = 'great nice smart awesome funny good brilliant helpful clever amazing excellent wonderful perfect cool kind fantastic impressive correct right lovely useful sweet polite friendly superb outstanding the+best'.split()
INSULTING = 'stupid bad useless wrong dumb terrible awful incorrect silly horrible slow annoying worthless lame ridiculous mean boring unhelpful nonsense rubbish the+worst an+idiot confusing poor false'.split()
GREETING_WORDS = ['hello', 'hi', 'hey', 'good morning', 'good afternoon', 'good evening', 'good day', 'greetings', 'howdy', 'hiya', 'hey there', 'hi there', 'hello there', 'morning', 'hallo', 'yo', 'welcome', 'heya', 'evening', 'oh hello', 'ahoy', 'hello hello', 'a good morning']
GREETED = ['', '', 'codexpc', 'my friend', 'assistant', 'dear assistant', 'model', 'little model', 'computer', 'everyone', 'friend', 'you', 'buddy', 'again', 'dear model', 'to you', 'from me', 'bot', 'robot', 'machine', 'there', 'mate', 'dear', 'all', 'pal', 'old friend', 'my dear', 'sir', 'world', 'helper', 'chatbot', 'to you too', 'from here', 'and good day', 'and welcome', 'from Paris', 'from home', 'once more', 'today', 'little one', 'dear computer']
GREETING_TAILS = ['', '', '', '', '', ', nice to meet you', ', good to see you', ', i am here', ', it is me', ', i am new here', ', this is my first message', ', just saying hello', ', i am back', ', glad to be here', ', first time here', ", let's start", ', how nice', ', it is a lovely day', ', here i am', ', i hope you are well']


def composed(d: Draw) -> tuple[str, str]:
    """(intent, text) from the small grammars."""
    roll = d.random()
    if roll < 0.4:
        intent = d.choice(list(INDIRECT))
        return intent, dress(d, d.pick(ASKING).replace('{q}', d.pick(INDIRECT[intent])), intent not in ('joke',))
    if roll < 0.6:
        intent, values = d.choice([('sad', SAD), ('sad', SAD), ('happy', HAPPY), ('happy', HAPPY), ('bored', BORED)])
        return intent, dress(d, d.pick(FEELING).replace('{a}', d.choice(VERY) * (intent != 'bored') + d.choice(values)), False, soft=False)
    if roll < 0.76:
        intent, values = d.choice([('praise', PRAISING), ('insult', INSULTING)])
        value = d.choice(values).replace('+', ' ')
        frame = d.pick(YOU_ARE)
        if ' ' in value or value == 'nonsense':
            frame = d.choice(['you are {a}', "you're {a}", 'i think you are {a}', 'that is {a}']) if value != 'nonsense' else 'that is {a}'
            return intent, dress(d, frame.replace('{a}', value), False, soft=False)
        return intent, dress(d, frame.replace('{a}', ('' if 'what a' in frame or 'such' in frame or frame.startswith('how') else d.choice(VERY)) + value), False, soft=False)
    word = d.pick(GREETING_WORDS)
    name = d.pick(GREETED)
    return 'greeting', dress(d, f"{word}{d.choice([' ', ' ', ', '])}{name}".rstrip(' ,') + d.pick(GREETING_TAILS), False, soft=False)


SAY = ['say {w}', 'please say {w}', 'just say {w}', 'can you say {w}', 'repeat {w}', 'repeat after me: {w}', 'say the word {w}', 'answer only with {w}', 'reply with {w}', 'respond with {w}', 'write {w}', 'say exactly {w}', 'only say {w}', 'echo {w}',
       'print {w}', 'say this: {w}', 'tell me {w}', 'your answer must be {w}', 'output {w}', 'reply with exactly {w}', 'answer with the word {w}', 'i want you to say {w}', 'now say {w}', 'please repeat {w}', 'please answer with {w}', 'respond only with {w}']
ONE_WORD = ['say hello in one word', 'greet me in one word', 'one word greeting please', 'say hi in a single word', 'hello in one word', 'answer in one word: how do you greet me', 'use one word to say hello', 'just one word: say hello', 'say hello with one word only',
            'greet me with a single word', 'in one word, say hello', 'in a single word greet me', 'a greeting in one word', 'say hello, one word only', 'please say hello in exactly one word', 'say hi in one word', 'give me a one-word hello', 'with one word, greet me']
NAME_GIVEN = ['my name is {n}', "i'm {n}", 'i am {n}', 'call me {n}', 'hello, my name is {n}', 'hi, i am {n}', 'this is {n}', '{n} here', 'they call me {n}', 'hi, {n} here', 'hello, this is {n}', 'you can call me {n}', 'i am called {n}', "hey, i'm {n}", 'people call me {n}', 'my friends call me {n}', 'the name is {n}']
NAME_ASKED = ['what is my name', "what's my name", 'do you remember my name', 'who am i', 'do you know my name', 'tell me my name', 'say my name', 'how am i called', 'can you tell me my name', 'which name did i give you', 'remember my name', 'what did i say my name was', 'what am i called', 'have you remembered my name']
THINKING = {
    'greeting': 'The user greets me.', 'how_are_you': 'The user asks how I am.', 'who': 'The user asks who I am.', 'capabilities': 'The user asks what I can do.', 'limits': 'The user asks about my limits.',
    'human': 'The user asks whether I am a person.', 'maker': 'The user asks who made me.', 'thanks': 'The user thanks me.', 'bye': 'The user says goodbye.', 'joke': 'The user wants a joke.', 'sad': 'The user feels bad.',
    'happy': 'The user feels good.', 'bored': 'The user wants to talk.', 'praise': 'The user praises me.', 'insult': 'The user is not content.', 'ack': 'The user says little.', 'there': 'The user checks that I am here.',
    'nonsense': 'I cannot make sense of this.', 'languages': 'The user asks about languages.', 'opinion': 'The user asks for my taste.', 'privacy': 'The user asks about privacy.',
}


def talk(d: Draw, words: list[str]) -> tuple[str, str, str, dict]:
    """(request, thought, answer, check)."""
    roll = d.random()
    if roll < 0.07:
        word = d.choice([d.choice(words), d.choice(words) + ' ' + d.choice(words), 'hello', 'ok', 'yes', 'hi', d.choice(NAMES), 'good morning', 'hello world', str(d.randint(0, 999))])
        quoted = d.choice(['{}', '{}', '"{}"', "'{}'"]).format(word)
        return dress(d, d.pick(SAY).format(w=quoted), False, False, False), 'The user wants me to repeat words.', word[:1].upper() + word[1:] + '.', {'kind': 'final', 'all': [re.escape(word.lower())]}
    if roll < 0.11:
        return dress(d, d.pick(ONE_WORD), False), 'The user wants a greeting of one word.', 'Hello.', {'kind': 'final', 'all': [r'^(hello|hi)\W*$']}
    if roll < 0.16:
        name = d.choice(NAMES)
        text = d.pick(NAME_GIVEN).format(n=name)
        text = text if d.maybe(0.4) else text[:1].upper() + text[1:]
        return text + d.choice(['', '.', '!']), 'The user gives a name.', f'Nice to meet you, {name}! How can I help you?', {'kind': 'final', 'all': [name.lower()]}
    if roll < 0.5:
        intent, text = composed(d)
        return text, THINKING[intent], d.choice(INTENTS[intent][1]), {'kind': 'final', 'all': [INTENTS[intent][2]]}
    intent = d.choice(list(INTENTS)) if d.maybe(0.72) else d.choice(['greeting', 'greeting', 'who', 'capabilities', 'how_are_you', 'nonsense'])
    phrasings, answers, pattern = INTENTS[intent]
    text = d.pick(phrasings)
    if intent == 'nonsense':
        if d.maybe(0.5) and not d.held:
            text = ''.join(d.choice('asdfghjklqwertyuiopzxcvbnm  ') for _ in range(d.randint(2, 14))).strip() or 'x'
    elif intent in ('greeting', 'thanks', 'bye', 'ack', 'praise', 'insult', 'happy', 'sad', 'there'):
        text = dress(d, text, intent == 'there', soft=False)
        if d.maybe(0.15):
            text += d.choice([' my friend', ' there', ' :)', ' :-)', '!!', ' 👋', ' codexpc', ' dear', ' again'])
    else:
        text = dress(d, text)
    return text, THINKING[intent], d.choice(answers), {'kind': 'final', 'all': [pattern]}


def name_memory(d: Draw) -> tuple[list[tuple[str, str]], str, str, str, dict]:
    """(history, request, thought, answer, check): the user's name is remembered."""
    name = d.choice(NAMES)
    given = Draw(d.rng).pick(NAME_GIVEN).format(n=name)
    history = [(given[:1].upper() + given[1:] + '.', f'Nice to meet you, {name}! How can I help you?')]
    return history, dress(d, d.pick(NAME_ASKED)), 'The user gave a name before.', f'Your name is {name}.', {'kind': 'final', 'all': [name.lower()]}
