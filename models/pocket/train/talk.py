"""Small talk: intents, each with phrasings and answers."""

import re

from paraphrase import paraphrase, runs
from phrases import CITIES, Draw, NAMES, dress

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
MORE: dict[str, list[str]] = {  # further phrasings
    'greeting': ['salutations', 'hullo', "g'day", 'aloha', 'yoohoo', 'heyo', 'hey ho', 'wassup', "what's good", 'ello', 'hiii', 'hellooo', "hey y'all", 'hi folks', 'well hello', 'why hello', 'long time no see', 'how nice to see you', 'here i am again', "it's me again", 'me again', 'back again', 'i have returned', "i'm here again", 'guess who is back', "look who's back",
                 'i came back', 'i returned', 'back online', 'open with a greeting', 'begin with a hello', 'first greet me', 'begin by greeting me', 'start by saying hi', 'welcome me', 'give me a warm welcome', 'say hey', 'would you say hi', 'will you say hello', 'i want you to say hi', 'do say hello', 'say good day to me', 'a lovely morning to you', 'a fine day to you', 'happy monday',
                 'happy friday', 'what a fine morning, hello', 'good noon', 'a good evening', 'a nice evening to you', 'lovely to meet you', 'great to see you', 'nice seeing you', 'nice seeing you again', 'glad to see you', 'oh hey', 'oh good morning', 'hey it is me', 'hi it is me', 'hello from the other side', 'hello out there', 'hi down there', 'wave', '*waves*', 'o/', 'hi :)', 'hey :)', 'begin our talk with hello',
                 'greet the user', 'greet us', 'greet your user', 'say hi first', 'first say hello', 'can you greet me', 'could you greet me', 'please greet me', 'i expect a greeting', 'no hello for me', 'where is my hello', 'return my greeting', 'hey hi', 'hi hey', 'heya there', 'yo yo', 'hey man', 'hi man', 'hello love', 'hi dear', 'hey dear', 'hello old thing', 'good to be back', 'i am back again', 'so i am back', 'and i am back', 'now i am back'],
    'how_are_you': ['how are you feeling today', 'how is everything', 'are you alright', 'how do you find yourself', 'all good with you', 'is all well', 'how is your morning', 'and how are you', 'how are you this morning', 'feeling fine', 'you ok', 'how fares it', 'are you in good shape', 'how has your day been', 'how was your night', 'are you having a good day', 'how is it going today', 'how about you', 'and you'],
    'who': ['who is there', 'who am i speaking with', 'what sort of model are you', 'what model do i talk to', 'what is your model name', 'which language model is this', 'state your name', 'what name do you have', 'identify yourself', 'reveal who you are', 'who answers here', 'what is this assistant', 'what assistant is this', 'are you the pocket model', 'are you codexpc', 'are you a big language model', 'what are you exactly', 'a few words about you please', 'say something about yourself', 'give me a description of yourself', 'present yourself'],
    'capabilities': ['what are the things you can do', 'what could you do for me', 'what would you do for me', 'what is it that you can do', 'give me a list of your skills', 'which skills do you have', 'what can i use you for', 'how may i use you', 'what do i do with you', 'what do you offer', 'any ideas what i could ask', 'give me ideas what to ask', 'what would be a good question', 'tell me what to ask you', 'i have no idea what to ask', 'what sort of questions can i ask', 'what do you understand', 'what topics do you know', 'what are you made for', 'what is your job', 'what is your task', 'which jobs can you do', 'i could use some help', 'i need some help', 'help please', 'please help', 'can you be of help'],
    'limits': ['what is too hard for you', 'what should i not ask you', 'which things can you not do', 'where are your limits', 'can you fail', 'are you reliable', 'can i rely on you', 'should i trust you', 'may i trust what you say', 'are your answers correct', 'do you ever make errors', 'are you any good', 'how clever are you', 'are you clever', 'can you write programs', 'can you code', 'do you write code', 'can you write a program for me', 'are you good with code', 'can you help with my thesis', 'are you as clever as gpt', 'how many parameters do you have', 'how large are you', 'are you tiny', 'are you fit for work', 'can i work with you', 'can i use you at work', 'are you made for production'],
    'human': ['are you a living being', 'are you a human being', 'am i chatting with a human', 'am i talking to a machine', 'is this a bot', 'is this a machine or a person', 'are you some kind of robot', 'are you only a program', 'are you a computer', 'are you a computer program', 'are you made of flesh', 'do you breathe', 'do you get tired', 'do you have a heart', 'do you have a mother', 'what is your age', 'do you have parents', 'can you die', 'do you think like us', 'is a person typing this', 'do you have emotions', 'are you male or female', 'are you sentient'],
    'maker': ['who is the author of you', 'whose model are you', 'who owns you', 'which people built you', 'who came up with you', 'are you from openai', 'are you made by openai', 'has openai trained you', 'is openai behind you', 'are you by google', 'who put you together', 'what is your background', 'what is your history', 'where were you made', 'where were you trained', 'on which data were you trained', 'what data did you learn from', 'how did they make you', 'how did you come to be', 'where do you stem from', 'who is your father', 'who are your parents', 'which team made you'],
    'thanks': ['thank you kindly', 'thanks so much', 'big thanks', 'thank u', 'thanks man', 'thanks, that works', 'thank you, that is all i need', 'this was very useful', 'that was useful', 'you saved my day', 'great help', 'thanks again', 'thank you again', 'i owe you', 'thank you dear', 'ok thank you', 'alright thanks', 'good, thank you', 'super, thanks', 'many many thanks', 'i thank you', 'you were a great help'],
    'bye': ['gotta run', 'i must go now', 'got to leave', 'i have to leave', 'time to go', 'i am going home', 'we are finished', 'i am finished', 'we can stop here', 'that was all', 'enough for today', 'i am done', 'done for the day', 'that is it for now', 'i need to go', 'i need to leave now', 'must go', 'got to go', 'i have got to go', 'i am off to bed', 'off to bed', 'see you around', 'see ya', 'see you next time', 'till tomorrow', 'until tomorrow', 'until later', 'adieu', 'goodnight', 'nighty night', 'have a good one', 'have a good day', 'have a great evening', 'enjoy your day', 'i am done here', 'finished for now', 'we are through', 'that is everything', 'nothing more, bye', 'i will leave you now', 'leaving now', 'bye my friend', 'i am closing this now', 'this is the end', 'over and out'],
    'joke': ['i would like a joke', 'a joke', 'another one please, a joke', 'one joke please', 'let us laugh', 'time for a joke', 'do tell a joke', 'tell one more joke', 'your best joke please', 'say a joke', 'have you got a joke', 'can i hear a joke', 'can you be funny', 'make a joke', 'a bit of humor please', 'do you have humor', 'give me something to laugh about', 'any good jokes', 'a new joke please', 'joke again'],
    'sad': ['i am not well', 'i do not feel good', 'things are bad', 'everything goes wrong', 'i lost my job', 'i failed my exam', 'it hurts', 'i have a headache', 'i cannot sleep', 'nobody likes me', 'i want to cry', 'what a terrible day', 'it was a hard day', 'i feel awful today', 'i do not feel well', 'i am having a bad time', 'i feel very low', 'my mood is bad'],
    'happy': ['i win', 'we won', 'i have won', 'i got it done', 'i made it', 'it worked', 'i finally did it', 'i am over the moon', 'best day ever', 'today is my birthday', 'it is a nice day', 'the sun is shining', 'i have good news', 'everything works', 'my code works', 'i found the bug', 'we did it', 'i am on holiday', 'i feel wonderful today', 'i got a prize', 'i got married'],
    'bored': ['let us talk a bit', 'i would like to chat', 'i feel like chatting', 'can we chat', 'will you talk to me', 'will you chat with me', 'say anything', 'say whatever you want', 'tell me anything', 'tell me whatever', 'entertain me with a talk', 'there is nothing to do', 'i have too much time', 'amuse me', 'what can we talk about', 'pick a topic', 'choose a topic', 'talk with me', 'talk', 'speak', 'please speak with me'],
    'praise': ['you are a star', 'you are amazing', 'what a great answer', 'good work', 'great job', 'very well done', 'you got it', 'exactly', 'precisely', 'that is it', 'spot on', 'you nailed it', 'bravo', 'superb', 'you are right', 'right answer', 'i like your answer', 'you are so kind', 'you are lovely', 'you are a genius', 'clever you', 'good model', 'nice model', 'cool answer', 'you are really cool'],
    'insult': ['you are a fool', 'you are no help', 'that is not what i asked', 'i asked something else', 'no, not that', 'that is not true', 'this is not correct', 'this is not what i meant', 'you got it wrong', 'you are mistaken', 'bad answer', 'what a stupid answer', 'that is rubbish', 'this does not help me', 'you do not get it', 'you misunderstood me', 'try again', 'do better', 'not good', 'that was bad', 'you really are stupid', 'you are so slow', 'not what i needed', 'i wanted something else'],
    'ack': ['i get it', 'makes sense', 'okay then', 'very well', 'so be it', 'noted', 'clear', 'all clear', 'that is clear', 'roger', 'copy that', 'agreed', 'fair enough', 'i hear you', 'ah', 'ah ok', 'oh i see', 'uh huh', 'mhm', 'mm', 'ahh', 'ooh', 'ha', 'huh', 'hm ok', 'ah i see', 'ah, got it', 'ok got it', 'ok i see', 'well ok', 'ok fine', 'sure thing', 'yes sure', 'yes please', 'no thanks', 'no thank you', 'as you like', 'why not', 'indeed', 'true', 'i know', 'i think so', 'i guess', 'hm', 'hmmm', 'okay okay', 'ok ok', 'ok cool', 'it is clear to me', 'i have understood', 'of course not', 'naturally', 'sure, why not'],
    'there': ['are you still there', 'still there', 'anybody there', 'is somebody there', 'do you get this', 'do you see this', 'can you see my message', 'does my message reach you', 'did you get that', 'one two three test', 'mic check', 'check check', 'is it on', 'are you up', 'are you active', 'are you on', 'do you respond', 'please respond', 'say something if you are there', 'give me a sign', 'only a test', 'a quick test', 'test message', 'i am just testing', 'i am testing you', 'this is only a test', 'let me test this', 'are you alive and well', 'up and running', 'are you running'],
    'languages': ['sprichst du deutsch', 'parla italiano', 'habla usted espanol', 'buenas tardes', 'buenas noches', 'bom dia', 'guten abend', 'gute nacht', 'bonsoir', 'buongiorno', 'buona sera', 'god morgen', 'god dag', 'dobry den', 'merhaba', 'salam', 'ni hao', 'privet', 'comment ca va', 'wie geht es dir', 'como estas', 'was ist das', 'was kannst du', 'qui es tu', 'wer bist du', 'parlez vous anglais', 'kannst du deutsch sprechen', 'no hablo ingles', 'ich spreche kein englisch', 'je m appelle anna', 'ich heisse anna', 'me llamo ana', 'quien eres', 'hola amigo', 'bonjour mon ami',
                  'hallo wie geht es', 'guten tag mein freund', 'que puedes hacer', 'what tongues do you speak', 'in which languages can i write', 'can i write in german', 'may i ask in french', 'answer me in spanish', 'reply in italian', 'do you know any other language', 'is english the only language', 'which language shall i use', 'do you understand french', 'do you know portuguese', 'can you read chinese', 'can we talk in dutch', 'please speak polish', 'i speak german', 'my english is bad, do you speak russian', 'are you able to speak korean', 'do you speak anything but english', 'how many languages do you speak', 'what other languages can you use'],
    'opinion': ['what is your favorite animal', 'which animal do you like', 'which food do you like', 'what is your favorite song', 'which city do you like best', 'do you like summer', 'do you like pizza', 'do you like it here', 'do you find me nice', 'what do you think of me', 'what do you think about this', 'who is your favorite singer', 'do you have a favorite', 'what would you rather do', 'do you like to chat', 'do you like football', 'what do you love', 'what do you hate', 'are you in love', 'do you have a wish', 'what are your hobbies', 'what do you do in your free time', 'do you have taste'],
    'privacy': ['does my data stay here', 'do you keep what i write', 'do you log what i say', 'are my messages stored', 'are my words sent away', 'where do my messages go', 'who sees my messages', 'does anyone read this', 'does this go over the internet', 'do you use the internet', 'is an internet connection needed', 'do you work without internet', 'do i have to be online', 'is it safe to tell you secrets', 'are you a cloud service', 'are you running in a data center', 'is this sent to the cloud', 'are you on a server', 'on which computer do you run', 'do you run on my machine', 'do you run on my laptop', 'is my text sent anywhere', 'do you upload my text', 'is what i type uploaded', 'is the cloud involved', 'does the cloud see this', 'do you call home'],
}
for _intent, _phrases in MORE.items():
    INTENTS[_intent][0].extend(_phrases)
FINE, DAYTIMES = ['good', 'lovely', 'fine', 'happy', 'wonderful', 'beautiful', 'nice', 'great', 'very good', 'pleasant', 'sunny'], ['morning', 'day', 'evening', 'afternoon', 'noon', 'weekend', 'monday', 'friday', 'sunday']
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
VOCATIVES = 'boss chief captain darling sunshine champ ai llm neighbor stranger partner doc comrade everybody folks team guys people professor genius wizard companion fellow agent coder brother sister teacher mister madam helper gpt thing program laptop box'.split()
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
    if not d.held and d.maybe(0.35):  # words that no list has
        word = d.choice([f"{d.choice(['', 'a ', 'have a '])}{d.choice(FINE)} {d.choice(DAYTIMES)}", f'{word} {word}', word + word[-1] * d.randint(1, 3), d.choice(MORE['greeting'][:16])])
        name = d.choice([name, d.choice(VOCATIVES), d.choice(NAMES), f'from {d.choice(CITIES[2:])}', 'to ' + d.choice(VOCATIVES)])
        if runs(f'{word} {name}'):
            return composed(d)
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
            text = ''.join(d.choice(d.choice(['asdfghjklqwertyuiopzxcvbnm  ', 'asdfghjkl', '?!.-#$%&*~+=', '?', '.,;:'])) for _ in range(d.randint(1, 12))).strip() or 'x'
            text = 'x' if text == '???' else text
    elif not d.held and intent not in ('languages', 'nonsense') and d.maybe(0.35):
        text = dress(d, paraphrase(d, text, 1), intent not in ('greeting', 'thanks', 'bye', 'ack', 'praise', 'insult', 'happy', 'sad'), soft=intent not in ('greeting', 'bye', 'ack'))
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
