from harmony import *
class Sampler:
    def __init__(self, plain, words, long=False): self.long=long; self.plain=plain
    def __call__(self, rng):
        a,b=rng.randint(1,99),rng.randint(1,99)
        t=''
        if self.long: t=self.plain.passage(rng, rng.randint(1000,30000))
        return [Message('system',system_text('medium',None,False)), Message('user',t+f'What is {a} + {b}?'),Message('assistant',f'{a}+{b}={a+b}','analysis',spoken=True),Message('assistant',f'{a} + {b} = {a+b}.','final',spoken=True)]
