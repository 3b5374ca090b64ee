"""Names and phrases of invented people and bodies around Chaozhou: realistic in kind and frequency, nobody's in particular."""

from datetime import date

from node.demo.generate.dice import Dice
from node.demo.generate.identity import is_male

_FREQUENT = {
    "陈": 105, "林": 70, "黄": 60, "李": 52, "张": 48, "吴": 44, "蔡": 38, "郑": 36, "王": 32, "刘": 30, "杨": 24, "谢": 22, "许": 22,
    "苏": 20, "曾": 18, "邱": 16, "周": 16, "郭": 16, "卢": 14, "柯": 12, "沈": 12, "洪": 12, "罗": 10, "朱": 10, "丁": 9, "余": 9,
    "徐": 9, "何": 9, "赵": 8, "孙": 8, "庄": 8, "翁": 8, "佘": 8, "辜": 6, "胡": 6, "高": 6, "梁": 6, "马": 5, "宋": 4, "唐": 4,
    "邓": 4, "韩": 4, "冯": 4, "曹": 4, "彭": 4, "萧": 4, "潘": 4, "田": 3, "董": 3, "袁": 3, "于": 3, "叶": 3, "蒋": 3, "杜": 3,
    "魏": 3, "程": 3, "吕": 3, "任": 3, "姚": 3, "钟": 3, "姜": 3, "谭": 3, "陆": 3, "范": 3, "汪": 3, "廖": 3, "欧阳": 2, "司徒": 1,
}  # fmt: skip
"""Surnames with how often they occur among a thousand people of eastern Guangdong, roughly."""
_SURNAMES = tuple(name for name, count in _FREQUENT.items() for _ in range(count))
_MALE = "伟强磊军洋勇杰涛明超平刚辉建国志海鹏飞斌波晨阳思远浩宇轩泽锐钦荣泉楷鸿锋权东升楚彬炎江"
_FEMALE = "芳娜敏静丽艳娟霞秀英桂玉兰燕红梅春佳怡欣雨晴梓涵琳丹婷雪莹洁纯珊妙璇银琼漫如绵瑶文华"
_MINORITY = ("阿卜杜拉·买买提", "古丽·阿不都", "尼玛次仁", "扎西卓玛", "阿依努尔·吐尔逊")
_MINORITY_SHARE = 0.002

_SIGNS = "潮韩湘凤祥瑞丰泰隆兴盛恒达源昌和顺永嘉利康福茂宏信诚德仁聚合鼎新华美锦绣金玉龙江海天"
_TRADES = ("陶瓷", "食品", "茶叶", "药业", "餐饮管理", "服饰", "电子科技", "物流", "医疗器械", "文化传播", "不锈钢制品", "印务", "工艺品")
_FORMS = ("有限公司",) * 8 + ("有限责任公司", "实业有限公司", "股份有限公司")
_SHOPS = ("商行", "餐饮店", "茶庄", "药店", "百货店", "小吃店", "五金店", "理发店", "便利店")
_COOPERATIVES = ("果蔬", "水产养殖", "茶叶", "禽畜养殖", "农机")
_INSTITUTIONS = ("中心小学", "实验幼儿园", "社区卫生服务中心", "文化馆", "图书馆", "职业培训学校", "社会工作服务中心")
_ASSOCIATIONS = ("陶瓷行业协会", "潮剧研究会", "羽毛球协会", "工夫茶文化协会", "商会")
_SCOPES = (
    "食品销售", "陶瓷制品制造", "陶瓷制品销售", "日用百货销售", "茶叶销售", "餐饮服务", "服装服饰零售", "国内货物运输代理", "货物进出口",
    "技术进出口", "包装装潢印刷品印刷", "五金产品零售", "农产品初加工", "信息技术咨询服务", "广告设计、代理", "物业管理",
)  # fmt: skip
_MATTERS = (
    "食品经营许可", "公共场所卫生许可", "道路货物运输经营许可", "医疗机构执业登记", "城镇燃气经营许可", "特困人员救助供养", "残疾人证办理",
    "灵活就业人员社会保险登记", "个体工商户设立登记", "企业变更登记", "不动产首次登记", "建筑工程施工许可", "教师资格认定", "出生一件事联办",
    "老年人优待证办理", "高龄津贴发放", "临时救助", "护士执业注册", "户外广告设施设置审批", "城市建筑垃圾处置核准",
)  # fmt: skip
_MOBILE = (
    "130", "131", "132", "134", "135", "136", "137", "138", "139", "150", "151", "152", "156", "157", "158", "159", "166", "173", "176",
    "177", "178", "180", "181", "182", "185", "186", "187", "188", "189", "191", "198", "199",
)  # fmt: skip
_LANDLINE_SHARE = 0.04


def person(dice: Dice, *, male: bool | None = None) -> str:
    """Return a person's name; some are of one character, most of two, a few of a minority's form."""
    if dice.chance(_MINORITY_SHARE):
        return dice.pick(_MINORITY)
    given = _MALE if (dice.chance(0.5) if male is None else male) else _FEMALE
    first = dice.pick(given)
    return dice.pick(_SURNAMES) + (first + dice.pick(given) if dice.chance(0.8) else first)


def person_of(dice: Dice, number: str | None) -> str:
    """Return a name that suits an identity number's sex."""
    return person(dice, male=None if number is None else is_male(number))


def company(dice: Dice) -> str:
    """Return a company's name."""
    place = "潮州市" if dice.chance(0.6) else "潮州市湘桥区"
    return f"{place}{dice.pick(_SIGNS)}{dice.pick(_SIGNS)}{dice.pick(_TRADES)}{dice.pick(_FORMS)}"


def shop(dice: Dice) -> str:
    """Return the name of an individual business."""
    return f"潮州市湘桥区{dice.pick(_SIGNS)}{dice.pick(_SIGNS)}{dice.pick(_SHOPS)}"


def cooperative(dice: Dice) -> str:
    """Return the name of a farmers' cooperative."""
    return f"潮州市湘桥区{dice.pick(_SIGNS)}{dice.pick(_SIGNS)}{dice.pick(_COOPERATIVES)}专业合作社"


def institution(dice: Dice) -> str:
    """Return the name of a public institution or a private non-enterprise unit."""
    return f"潮州市湘桥区{dice.pick(_SIGNS)}{dice.pick(_SIGNS)}{dice.pick(_INSTITUTIONS)}"


def association(dice: Dice) -> str:
    """Return the name of a social organization."""
    return f"潮州市湘桥区{dice.pick(_ASSOCIATIONS)}"


def scope(dice: Dice) -> str:
    """Return a scope of business: one to four trades."""
    return "；".join([dice.pick(_SCOPES) for _ in range(dice.between(1, 4))])


def matter(dice: Dice) -> str:
    """Return the name of a service matter."""
    return dice.pick(_MATTERS)


def phone(dice: Dice) -> str:
    """Return a telephone number: a mobile's, or one of Chaozhou's fixed ones."""
    if dice.chance(_LANDLINE_SHARE):
        return f"0768-{dice.between(2, 8)}{dice.digits(6)}"
    return dice.pick(_MOBILE) + dice.digits(8)


def years_before(day: date, years: int, days: int) -> date:
    """Return the day that lies so many years and days before another; 29 February counts as the 28th."""
    start = day.replace(year=day.year - years, day=min(day.day, 28))
    return date.fromordinal(start.toordinal() - days)
